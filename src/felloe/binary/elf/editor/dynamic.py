"""The dynamic section as a list of entries, and the version records that share its strings.

Sources: gABI, "Dynamic Section"; LSB, "Symbol Versioning", for the records of
``.gnu.version_r`` and ``.gnu.version_d``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Union

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import Image
from felloe.binary.elf.layout import DynamicTag, SegmentType
from felloe.errors import MalformedBinary

Value = Union[int, bytes]
"""The value of an entry: a number, or a name that has no offset yet."""

_VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_PATHS = (DynamicTag.RPATH, DynamicTag.RUNPATH)
# DT_CONFIG, DT_DEPAUDIT and DT_AUDIT are names as well. In the ranges for systems
# and processors any entry may be one; DT_AUXILIARY and DT_FILTER lie there.
_NAMES = frozenset(
    (DynamicTag.NEEDED, DynamicTag.SONAME, *_PATHS, 0x6FFFFEFA, 0x6FFFFEFB, 0x6FFFFEFC)
)


class Entry(NamedTuple):
    """One ``Elf_Dyn``."""

    tag: int
    value: Value


class Name(NamedTuple):
    """A version record's reference to a string."""

    at: int
    """File offset of the reference, four bytes long."""
    value: int
    of_library: bool
    """True for the ``vn_file`` of a version need."""


@dataclass
class Dynamic:
    """``PT_DYNAMIC`` and its string table, with offsets and sizes in the file."""

    offset: int
    size: int
    entries: list[Entry]
    strings_offset: int
    strings_size: int

    def number(self, tag: int) -> int:
        """Return the number of the first entry with this tag, 0 if there is none."""
        return next((e.value for e in self.entries if e.tag == tag and isinstance(e.value, int)), 0)


def read_dynamic(image: Image) -> Dynamic:
    """Read the dynamic section.

    Raises :class:`MalformedBinary` for one that loaders read in different ways.
    """
    segments = [s for s in image.segments if s.type == SegmentType.DYNAMIC]
    if len(segments) != 1:
        raise MalformedBinary(f"{len(segments)} dynamic sections; only a single one can be edited")
    segment = segments[0]
    if image.offset_of(segment.address, segment.file_size) != segment.offset:
        raise MalformedBinary("the dynamic section is not loaded from its place in the file")
    record = image.layout.dynamic
    size = segment.file_size // record.size * record.size
    entries = []
    for tag, value in record.iter_unpack(image.data[segment.offset : segment.offset + size]):
        if tag == DynamicTag.NULL:
            break
        entries.append(Entry(tag, value))
    else:
        raise MalformedBinary("no DT_NULL ends the dynamic section")
    tags = [entry.tag for entry in entries]
    if tags.count(DynamicTag.STRTAB) != 1 or tags.count(DynamicTag.STRSZ) != 1:
        raise MalformedBinary("the dynamic section must name one string table")
    dynamic = Dynamic(segment.offset, size, entries, 0, 0)
    dynamic.strings_size = dynamic.number(DynamicTag.STRSZ)
    dynamic.strings_offset = image.offset_of(
        dynamic.number(DynamicTag.STRTAB), dynamic.strings_size
    )
    return dynamic


def is_name(tag: int) -> bool:
    """Tell whether the number of an entry is, or may be, an offset in the string table."""
    return tag in _NAMES or 0x60000000 <= tag < 0x6FFFF000 or 0x70000000 <= tag <= 0x7FFFFFFF


def edit_entries(entries: list[Entry], edit: Edit, name_at: Callable[[int], str]) -> list[Entry]:
    """Return the entries after an edit. New ones come last, so that the others stay in place."""
    path_tag = DynamicTag.RUNPATH if edit.runpath else DynamicTag.RPATH
    missing = {}
    if edit.soname is not None:
        missing[DynamicTag.SONAME] = edit.soname.encode()
    if edit.rpath:
        missing[path_tag] = edit.rpath.encode()
    edited = []
    for tag, value in entries:
        if tag == DynamicTag.NEEDED and isinstance(value, int):
            name = name_at(value)
            if name not in edit.dropped:
                new = edit.needed.get(name, name)
                edited.append(Entry(tag, value if new == name else new.encode()))
        elif tag == DynamicTag.SONAME and edit.soname is not None:
            edited.append(Entry(tag, edit.soname.encode()))
            missing.pop(DynamicTag.SONAME, None)
        elif tag in _PATHS and edit.rpath is not None:
            if path_tag in missing:
                edited.append(Entry(path_tag, missing.pop(path_tag)))
        else:
            edited.append(Entry(tag, value))
    return edited + [Entry(tag, name) for tag, name in missing.items()]


def read_version_names(image: Image, dynamic: Dynamic) -> Iterator[Name]:
    """Yield every reference to a string in the version needs and definitions."""
    yield from _walk(image, dynamic, _VERNEED, _VERNEEDNUM)
    yield from _walk(image, dynamic, _VERDEF, _VERDEFNUM)


class _Shape(NamedTuple):
    """The positions of the fields of a version record."""

    record: str
    length: int
    first: int
    following: int
    auxiliary: str
    name: int


_SHAPES = {
    # Verneed: version, cnt, file, aux, next; Vernaux: hash, flags, other, name, next.
    _VERNEED: _Shape("HHIII", 1, 3, 4, "IHHII", 3),
    # Verdef: version, flags, ndx, cnt, hash, aux, next; Verdaux: name, next.
    _VERDEF: _Shape("HHHHIII", 3, 5, 6, "II", 0),
}
_FILE_AT, _FILE = 4, 2


def _walk(image: Image, dynamic: Dynamic, tag: int, count_tag: int) -> Iterator[Name]:
    if not dynamic.number(tag):
        return
    shape = _SHAPES[tag]
    record = struct.Struct(image.order + shape.record)
    auxiliary = struct.Struct(image.order + shape.auxiliary)
    name_at = struct.calcsize("=" + shape.auxiliary[: shape.name])
    at = image.offset_of(dynamic.number(tag))
    budget = len(image.data) // auxiliary.size
    for _ in range(min(dynamic.number(count_tag), budget)):
        fields = record.unpack_from(image.data, at)
        if tag == _VERNEED:
            yield Name(at + _FILE_AT, fields[_FILE], of_library=True)
        aux_at = at + fields[shape.first]
        for _ in range(fields[shape.length]):
            budget -= 1
            if budget < 0:
                raise MalformedBinary("the version records overlap one another")
            aux = auxiliary.unpack_from(image.data, aux_at)
            yield Name(aux_at + name_at, aux[shape.name], of_library=False)
            aux_at += aux[-1]
        if not fields[shape.following]:
            return
        at += fields[shape.following]
