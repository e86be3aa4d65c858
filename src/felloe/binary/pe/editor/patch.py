"""Rename the DLLs that a PE file imports: bytes in, bytes out, in one step.

New names go into the padding of a section of read-only data, else into a new
section. A name in the import table is an address, so nothing else moves.
"""

from __future__ import annotations

import struct
from dataclasses import fields

from felloe.binary.pe.editor.edit import PeEdit
from felloe.binary.pe.editor.image import Image
from felloe.binary.pe.reader import PeImage, parse_pe
from felloe.binary.strings import decode_name
from felloe.errors import FelloeError, MalformedBinary

_LOAD_CONFIG, _BOUND_IMPORT = 10, 11
_DEPENDENT_LOAD_FLAGS = {32: 54, 64: 78}
"""Offset of ``DependentLoadFlags`` in the load configuration."""
_IMPORT_SIZE = 20
_TIME_STAMP = 4


def patch(data: bytes, edit: PeEdit) -> bytes:
    """Return the file after the edit; ``data`` itself where the edit changes nothing.

    The Authenticode signature, bound imports and ``DependentLoadFlags`` are
    removed, since they do not fit renamed DLLs. The result is read back and
    compared. Raises :class:`MalformedBinary` for a file that breaks the format,
    :class:`FelloeError` for an edit that this file has no room for.
    """
    before = parse_pe(data)
    expected = edit.expect(before)
    if expected == before:
        return data
    if before.is_managed:
        raise FelloeError("a .NET assembly cannot be edited: its strong name would not fit")
    try:
        patched = _rename(Image(data), edit)
    except (struct.error, IndexError, OverflowError, ValueError) as cause:
        raise MalformedBinary(f"a PE record reaches out of the file ({cause})") from cause
    _compare(parse_pe(patched), expected)
    return patched


def _rename(image: Image, edit: PeEdit) -> bytes:
    image.drop_certificates()
    _clear_bound_imports(image)
    _clear_load_flags(image)
    places = []
    content = bytearray()
    offsets: dict[str, int] = {}
    for _, _, at in image.import_tables():
        start = image.offset(image.read("<I", at)[0])
        old = decode_name(bytes(image.data[start : image.data.index(b"\0", start)]))
        new = edit.rename(old)
        if new == old:
            continue
        if new not in offsets:
            offsets[new] = len(content)
            content += new.encode("ascii") + b"\0"
        places.append((at, offsets[new]))
    address = image.place(bytes(content))
    for at, offset in places:
        image.write("<I", at, address + offset)
    image.write_checksum()
    return bytes(image.data)


def _clear_bound_imports(image: Image) -> None:
    """Remove addresses that were computed for DLLs of the old names."""
    if image.directory(_BOUND_IMPORT) == (0, 0):
        return
    image.clear_directory(_BOUND_IMPORT)
    for at, size, _ in image.import_tables():
        if size == _IMPORT_SIZE:
            image.write("<I", at + _TIME_STAMP, 0)


def _clear_load_flags(image: Image) -> None:
    """Let Windows look for DLLs beside the file; a flag could restrict it to System32."""
    address, _ = image.directory(_LOAD_CONFIG)
    if not address:
        return
    start, at = image.offset(address), _DEPENDENT_LOAD_FLAGS[image.bits]
    if image.read("<I", start)[0] >= at + 2:
        image.write("<H", start + at, 0)


def _compare(found: PeImage, expected: PeImage) -> None:
    for item in fields(expected):
        same = item.name == "sections" or getattr(found, item.name) == getattr(expected, item.name)
        if not same:
            raise FelloeError(
                f"the edited PE file has another {item.name} than planned",
                hint="report this with the file: a bug in felloe",
            )
