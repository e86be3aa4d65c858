"""Ad hoc code signatures, byte for byte as ``codesign --force --sign -`` writes them.

A signature is a SuperBlob at the end of ``__LINKEDIT``: a CodeDirectory with a
SHA-256 hash of each page, an empty set of requirements and an empty CMS
message. All its numbers are big-endian. Source: Apple's ``kern/cs_blobs.h``
and ``Security/CSCommon.h``.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from felloe.binary.macho.editor.image import CODE_SIGNATURE, Image, LoadCommand, Segment
from felloe.binary.macho.layout import FileType
from felloe.errors import FelloeError, MalformedBinary

_SUPER_BLOB, _DIRECTORY, _REQUIREMENTS, _CMS = 0xFADE0CC0, 0xFADE0C02, 0xFADE0C01, 0xFADE0B01
_SLOT_DIRECTORY, _SLOT_REQUIREMENTS, _SLOT_ENTITLEMENTS, _SLOT_CMS = 0, 2, 5, 0x10000
_VERSION_EXEC_SEGMENT = 0x20400
_AD_HOC = 0x2
_SHA256 = 2
_MAIN_BINARY = 0x1
_DIRECTORY_SIZE = 88
_ALIGNMENT = 16
_CPU_ARM64 = 0x0100000C
_DEFAULT_PAGE_SHIFT = 12
_MOST_BLOBS = 64


@dataclass(frozen=True)
class OldSignature:
    """The parts of the old signature that a new one keeps."""

    offset: int
    identifier: bytes
    page_shift: int
    """Binary logarithm of the page size that the hashes cover."""


def needs_signature(image: Image) -> bool:
    """Return whether the image is signed, or for arm64, where the kernel demands a signature."""
    return image.find(CODE_SIGNATURE) is not None or image.cpu_type == _CPU_ARM64


def sign(image: Image, identifier: str) -> bytes:
    """Return the image with a new ad hoc signature in the place of an old one.

    ``identifier`` names the code where no old signature does. Raises
    :class:`FelloeError` where ``__LINKEDIT`` does not end the image, and for
    entitlements, which an ad hoc signature would lose.
    """
    old = _read_old(image)
    name = (old.identifier if old else identifier.encode()) + b"\0"
    shift = old.page_shift if old else _DEFAULT_PAGE_SHIFT
    if old:
        del image.data[old.offset :]
    linkedit = _find_linkedit(image)
    image.data.extend(bytes(-len(image.data) % _ALIGNMENT))
    limit = len(image.data)
    size = _signature_size(limit, name, shift)
    size += -size % _ALIGNMENT
    _place(image, linkedit, limit, size)
    image.write_commands()
    return bytes(image.data) + render_signature(image, name, shift).ljust(size, b"\0")


def _read_old(image: Image) -> OldSignature | None:
    index = image.find(CODE_SIGNATURE)
    if index is None:
        return None
    offset, size = image.words(image.commands[index].body, 8, 2)
    if offset + size != len(image.data):
        raise FelloeError("the code signature does not end the image")
    magic, _, count = struct.unpack_from(">III", image.data, offset)
    if magic != _SUPER_BLOB or count > _MOST_BLOBS:
        raise MalformedBinary("the code signature is not a SuperBlob")
    slots = dict(struct.unpack_from(">II", image.data, offset + 12 + 8 * at) for at in range(count))
    if _SLOT_ENTITLEMENTS in slots:
        raise FelloeError(
            "the file has entitlements, which an ad hoc signature would remove",
            hint="exclude the file, or finish this wheel with delocate on macOS and sign it there",
        )
    if _SLOT_DIRECTORY not in slots:
        raise MalformedBinary("the code signature has no CodeDirectory")
    at = offset + slots[_SLOT_DIRECTORY]
    (name,) = struct.unpack_from(">I", image.data, at + 20)
    end = image.data.index(b"\0", at + name)
    return OldSignature(offset, bytes(image.data[at + name : end]), image.data[at + 39])


def _find_linkedit(image: Image) -> Segment:
    for segment in image.segments():
        if segment.name == "__LINKEDIT":
            if segment.file_offset > len(image.data):
                raise MalformedBinary("__LINKEDIT begins beyond the end of the image")
            return segment
    raise FelloeError("the image has no __LINKEDIT segment that could hold a signature")


def _place(image: Image, linkedit: Segment, offset: int, size: int) -> None:
    """Point the load command at the signature and let ``__LINKEDIT`` hold it."""
    command = image.pack(CODE_SIGNATURE, struct.pack(f"{image.order}II", offset, size))
    index = image.find(CODE_SIGNATURE)
    if index is None:
        image.commands.append(LoadCommand(CODE_SIGNATURE, command))
    else:
        image.replace(index, command)
    page = 0x4000 if image.cpu_type == _CPU_ARM64 else 0x1000
    file_size = offset + size - linkedit.file_offset
    image.resize(linkedit, file_size, max(linkedit.memory_size, file_size + -file_size % page))


def _signature_size(limit: int, name: bytes, shift: int) -> int:
    pages = -(-limit >> shift)
    return 12 + 3 * 8 + _DIRECTORY_SIZE + len(name) + 32 * (2 + pages) + 12 + 8


def render_signature(image: Image, name: bytes, shift: int) -> bytes:
    """Return the signature of an image that ends where its signature begins.

    ``name`` is the identifier with its NUL. The bytes are those of Apple's ``codesign``.
    """
    requirements = struct.pack(">III", _REQUIREMENTS, 12, 0)
    cms = struct.pack(">II", _CMS, 8)
    directory = _render_directory(image, name, shift, requirements)
    start = 12 + 3 * 8
    return b"".join(
        (
            struct.pack(
                ">III", _SUPER_BLOB, start + len(directory) + len(requirements) + len(cms), 3
            ),
            struct.pack(">II", _SLOT_DIRECTORY, start),
            struct.pack(">II", _SLOT_REQUIREMENTS, start + len(directory)),
            struct.pack(">II", _SLOT_CMS, start + len(directory) + len(requirements)),
            directory,
            requirements,
            cms,
        )
    )


def _render_directory(image: Image, name: bytes, shift: int, requirements: bytes) -> bytes:
    """Return the CodeDirectory: two special slots (requirements, Info.plist), then the pages."""
    limit, page = len(image.data), 1 << shift
    hashes = [
        hashlib.sha256(image.data[at : min(at + page, limit)]).digest()
        for at in range(0, limit, page)
    ]
    special = [hashlib.sha256(requirements).digest(), bytes(32)]
    first_hash = _DIRECTORY_SIZE + len(name) + 32 * len(special)
    length = first_hash + 32 * len(hashes)
    text = next((item for item in image.segments() if item.name == "__TEXT"), None)
    head = struct.pack(
        ">9I4B",
        *(_DIRECTORY, length, _VERSION_EXEC_SEGMENT, _AD_HOC, first_hash, _DIRECTORY_SIZE),
        *(len(special), len(hashes), limit, 32, _SHA256, 0, shift),
    )
    # spare2, scatter, team, spare3 and codeLimit64 are not used.
    rest = struct.pack(
        ">4IQ3Q",
        *(0, 0, 0, 0, 0, text.file_offset if text else 0, text.file_size if text else 0),
        _MAIN_BINARY if image.type == FileType.EXECUTE else 0,
    )
    return head + rest + name + b"".join(special) + b"".join(hashes)
