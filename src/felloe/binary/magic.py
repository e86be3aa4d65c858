"""Find the format of a binary file from its first bytes."""

from __future__ import annotations

from enum import Enum

HEAD_SIZE = 8
"""Bytes of a file that :func:`find_format` looks at."""


class Format(Enum):
    """A file format that holds machine code."""

    ELF = "ELF"
    MACH_O = "Mach-O"
    PE = "PE"
    ARCHIVE = "static archive"
    WASM = "WebAssembly"


_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"\x7fELF", Format.ELF),
    (b"\xfe\xed\xfa\xce", Format.MACH_O),
    (b"\xfe\xed\xfa\xcf", Format.MACH_O),
    (b"\xce\xfa\xed\xfe", Format.MACH_O),
    (b"\xcf\xfa\xed\xfe", Format.MACH_O),
    (b"!<arch>\n", Format.ARCHIVE),
    (b"!<thin>\n", Format.ARCHIVE),
    (b"\0asm", Format.WASM),
    (b"MZ", Format.PE),
)

# A universal Mach-O and a Java class begin with the same four bytes. What
# follows is a count of architectures in the one, a version >= 45 in the other.
_UNIVERSAL = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_MOST_ARCHITECTURES = 40


def find_format(head: bytes) -> Format | None:
    """Return the format of a file that begins with ``head``, None if it is not a binary."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(_UNIVERSAL) and len(head) >= HEAD_SIZE:
        count = int.from_bytes(head[4:8], "big")
        return Format.MACH_O if count < _MOST_ARCHITECTURES else None
    return None
