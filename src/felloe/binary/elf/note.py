"""Read the notes of an object: instruction sets, libraries loaded by name.

Sources: gABI, "Note Section"; "Linux Extensions to gABI" and the x86-64 psABI
for ``.note.gnu.property``; the UAPI group's "ELF dlopen metadata" for
``.note.dlopen``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import NamedTuple

_GNU_PROPERTY = (b"GNU", 5)
_X86_ISA_1_NEEDED = 0xC0008002
_DLOPEN = (b"FDO", 0x407C0C0A)


class Note(NamedTuple):
    """One note."""

    owner: bytes
    type: int
    description: bytes


def iter_notes(raw: bytes, byte_order: str) -> Iterator[Note]:
    """Yield the notes of a segment. One that is cut off at its end is left out."""
    head = struct.Struct(byte_order + "III")
    at = 0
    while at + head.size <= len(raw):
        name_size, size, kind = head.unpack_from(raw, at)
        name_at = at + head.size
        at = name_at + (name_size + 3 & ~3)
        owner = raw[name_at : name_at + name_size].rstrip(b"\0")
        yield Note(owner, kind, raw[at : at + size])
        at += size + 3 & ~3


def find_isa_level(note: Note, byte_order: str) -> int | None:
    """Return the x86-64 level (1 to 4) that a property note declares as needed, if any."""
    if note[:2] != _GNU_PROPERTY:
        return None
    head = struct.Struct(byte_order + "II")
    at = 0
    while at + head.size + 4 <= len(note.description):
        kind, size = head.unpack_from(note.description, at)
        at += head.size
        if kind == _X86_ISA_1_NEEDED and size == 4:
            mask: int = struct.unpack_from(byte_order + "I", note.description, at)[0]
            return mask.bit_length() or None  # bit n stands for level n + 1
        at += size + 7 & ~7
    return None


def find_dlopened(note: Note) -> tuple[str, ...]:
    """Return the sonames that an object declares to load at run time."""
    if note[:2] != _DLOPEN:
        return ()
    try:
        entries = json.loads(note.description.rstrip(b"\0"))
        names = [name for entry in entries for name in entry["soname"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()
    return tuple(name for name in names if isinstance(name, str))
