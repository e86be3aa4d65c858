"""The zip rules an index applies, read off the finished bytes.

Independent of both the writer and :mod:`zipfile`: the file must be exactly
local headers with their contents, one central directory and one end record,
each saying what the others say. Source: PyPI's ``warehouse/utils/zipfiles.py``
as of August 2026, and PKWARE APPNOTE.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from felloe.errors import MalformedArchive

_LOCAL = struct.Struct("<4s5HIIIHH")
_CENTRAL = struct.Struct("<4s6HIIIHHHHHII")
_END = struct.Struct("<4s4HIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")
_LIMIT = 0xFFFFFFFF
_DATA_DESCRIPTOR = 0x8
_METHODS = (0, 8)


class _Entry(NamedTuple):
    name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int


class _Directory(NamedTuple):
    start: int
    size: int
    entries: int


def check_zip(path: Path) -> None:
    """Raises :class:`MalformedArchive` with every rule that the file breaks."""
    with path.open("rb") as file:
        try:
            problems = list(_problems(file))
        except (struct.error, ValueError) as cause:
            problems = [f"it is cut off or garbled ({cause})"]
    if problems:
        raise MalformedArchive(
            f"{path.name} breaks the zip rules of an index: " + "; ".join(problems)
        )


def _problems(file: BinaryIO) -> Iterator[str]:
    directory = _read_end(file)
    entries = list(_read_directory(file, directory))
    if len(entries) != directory.entries:
        yield f"the directory lists {len(entries)} members and counts {directory.entries}"
    names = [entry.name for entry in entries]
    for name in sorted(
        {name for name in names if names.count(name) > 1} if _repeats(names) else ()
    ):
        yield f"two members are named {name!r}"
    position = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != position:
            yield f"bytes {position} to {entry.offset} belong to no member"
        yield from _entry_problems(entry)
        local, position = _read_local(file, entry)
        if local != entry:
            yield f"the two headers of {entry.name!r} contradict each other"
    if position != directory.start:
        yield f"bytes {position} to {directory.start} belong to no member"


def _repeats(names: list[bytes]) -> bool:
    return len(set(names)) != len(names)


def _entry_problems(entry: _Entry) -> Iterator[str]:
    if entry.flags & _DATA_DESCRIPTOR:
        yield f"{entry.name!r} has a data descriptor"
    if entry.method not in _METHODS:
        yield f"{entry.name!r} is packed by method {entry.method}"


def _read_end(file: BinaryIO) -> _Directory:
    file.seek(0, 2)
    end = file.tell() - _END.size
    magic, _, _, _, count, size, start, comment = _unpack(file, end, _END)
    if magic != b"PK\x05\x06" or comment:
        raise ValueError("the end record is not the last thing in it")
    if end >= _LOCATOR64.size:
        magic, _, at, _ = _unpack(file, end - _LOCATOR64.size, _LOCATOR64)
        if magic == b"PK\x06\x07":
            record = _unpack(file, at, _END64)
            count, size, start = record[7:]
            end = at
    if start + size != end:
        raise ValueError("the directory does not reach to the end record")
    return _Directory(start, size, count)


def _read_directory(file: BinaryIO, directory: _Directory) -> Iterator[_Entry]:
    at = directory.start
    while at < directory.start + directory.size:
        head = _unpack(file, at, _CENTRAL)
        magic, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size = (
            head[:13]
        )
        if magic != b"PK\x01\x02" or comment_size:
            raise ValueError("a directory entry is not one, or has a comment")
        name, extra = file.read(name_size), file.read(extra_size)
        size, packed, offset = _large(extra, size, packed, head[16])
        yield _Entry(name, flags, method, crc, packed, size, offset)
        at = file.tell()


def _read_local(file: BinaryIO, entry: _Entry) -> tuple[_Entry, int]:
    """What the local header says, and where the member's content ends."""
    head = _unpack(file, entry.offset, _LOCAL)
    magic, _, flags, method, _, _, crc, packed, size, name_size, extra_size = head
    if magic != b"PK\x03\x04":
        raise ValueError(f"no local header stands at {entry.offset}")
    name, extra = file.read(name_size), file.read(extra_size)
    size, packed, _ = _large(extra, size, packed, 0)
    local = _Entry(name, flags, method, crc, packed, size, entry.offset)
    return local, file.tell() + packed


def _large(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The numbers that a ZIP64 extra field holds where the header has no room."""
    if not extra:
        return size, packed, offset
    kind, length = struct.unpack_from("<HH", extra)
    if kind != 1 or length != len(extra) - 4:
        raise ValueError("an extra field is not ZIP64's")
    numbers = iter(struct.unpack(f"<{length // 8}Q", extra[4:]))
    size = next(numbers, size) if size == _LIMIT else size
    packed = next(numbers, packed) if packed == _LIMIT else packed
    offset = next(numbers, offset) if offset == _LIMIT else offset
    return size, packed, offset


def _unpack(file: BinaryIO, at: int, form: struct.Struct) -> tuple[Any, ...]:
    if at < 0:
        raise ValueError("too short")
    file.seek(at)
    return form.unpack(file.read(form.size))
