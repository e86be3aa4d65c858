"""The zip rules of an index, checked on the finished file.

Independent of both the writer and :mod:`zipfile`: the file must be exactly
local headers with their contents, one central directory and one end record,
each saying what the others say. Source: PyPI's ``warehouse/utils/zipfiles.py``
as of August 2026, and PKWARE APPNOTE.
"""

from __future__ import annotations

import struct
from collections import Counter
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
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_ZIP64_SIZES = (0, 8, 16, 24, 28)
_ONCE = (_ZIP64, _UNICODE_PATH)


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
    """Raise :class:`MalformedArchive` with every rule that the file breaks."""
    problems = find_zip_problems(path)
    if problems:
        raise MalformedArchive(
            f"{path.name} breaks the zip rules of an index: " + "; ".join(problems)
        )


def find_zip_problems(path: Path) -> list[str]:
    """Return every rule that the file breaks, in words."""
    with path.open("rb") as file:
        try:
            return list(_problems(file))
        except (struct.error, ValueError, OverflowError, OSError) as cause:
            return [f"it is cut off or garbled ({cause})"]


def _problems(file: BinaryIO) -> Iterator[str]:
    directory = _read_end(file)
    entries = list(_read_directory(file, directory))
    if len(entries) != directory.entries:
        yield f"the directory lists {len(entries)} members and counts {directory.entries}"
    counts = Counter(entry.name for entry in entries)
    for name in sorted(name for name, count in counts.items() if count > 1):
        yield f"two members are named {_text(name)}"
    position = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != position:
            yield f"bytes {position} to {entry.offset} belong to no member"
        yield from _entry_problems(entry)
        local, position = _read_local(file, entry)
        if local != entry:
            yield f"the two headers of {_text(entry.name)} contradict each other"
    if position != directory.start:
        yield f"bytes {position} to {directory.start} belong to no member"


def _text(name: bytes) -> str:
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else repr(text)


def _entry_problems(entry: _Entry) -> Iterator[str]:
    if entry.flags & _DATA_DESCRIPTOR:
        yield f"{_text(entry.name)} has a data descriptor"
    if entry.method not in _METHODS:
        yield f"{_text(entry.name)} uses compression method {entry.method}"


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
    """Return the local header and the end of the member's content."""
    head = _unpack(file, entry.offset, _LOCAL)
    magic, _, flags, method, _, _, crc, packed, size, name_size, extra_size = head
    if magic != b"PK\x03\x04":
        raise ValueError(f"no local header stands at {entry.offset}")
    name, extra = file.read(name_size), file.read(extra_size)
    size, packed, _ = _large(extra, size, packed, 0)
    local = _Entry(name, flags, method, crc, packed, size, entry.offset)
    return local, file.tell() + packed


def _large(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Return the numbers, from a ZIP64 extra field where the header has no room.

    Others, such as Info-ZIP's time stamps, are passed over, as PyPI does.
    """
    fields = dict(_extra_fields(extra))
    found = fields.get(_ZIP64, b"")
    if len(found) not in _ZIP64_SIZES:
        raise ValueError("a ZIP64 field has no size that it may have")
    numbers = iter(struct.unpack_from(f"<{len(found) // 8}Q", found))
    size = next(numbers, size) if size == _LIMIT else size
    packed = next(numbers, packed) if packed == _LIMIT else packed
    offset = next(numbers, offset) if offset == _LIMIT else offset
    return size, packed, offset


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, content). Fields that readers act on may not be repeated."""
    seen: set[int] = set()
    while extra:
        kind, length = struct.unpack_from("<HH", extra)
        if length + 4 > len(extra) or (kind in seen and kind in _ONCE):
            raise ValueError("an extra field is cut off, or there twice")
        seen.add(kind)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _unpack(file: BinaryIO, at: int, form: struct.Struct) -> tuple[Any, ...]:
    if at < 0:
        raise ValueError("too short")
    file.seek(at)
    return form.unpack(file.read(form.size))
