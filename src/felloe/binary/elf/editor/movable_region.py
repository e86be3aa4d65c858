"""Regions of a file that can be moved: their bytes, headers and symbols.

Sources: gABI, "Program Header", "Sections", "Symbol Table".
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from felloe.binary.elf.editor.dynamic import Dynamic
from felloe.binary.elf.editor.image import SHF_ALLOC, SHT_DYNSYM, SHT_SYMTAB, Image
from felloe.binary.elf.layout import DynamicTag, SegmentType
from felloe.errors import MalformedBinary

NOTES = (SegmentType.INTERP, SegmentType.NOTE, SegmentType.GNU_PROPERTY)
"""Segments that are found through the program headers only, and may lie anywhere."""
LOADER_TABLES = frozenset(
    (
        DynamicTag.HASH,
        DynamicTag.GNU_HASH,
        DynamicTag.SYMTAB,
        DynamicTag.VERSYM,
        DynamicTag.VERNEED,
        0x6FFFFFFC,  # DT_VERDEF
    )
)
"""Dynamic entries that hold the address of a table whose contents hold no addresses of tables."""
_MOST_NOTES = 16
_NOTE_ALIGNMENT = 16


class Kind(IntEnum):
    """Content of a region. The order is the order in the file."""

    HEADERS = 0
    """The program header table."""
    NOTE = 1
    """One or more of :data:`NOTES`."""
    LOADER_TABLE = 2
    """The table that one of :data:`LOADER_TABLES` leads to."""
    DYNAMIC = 3
    STRINGS = 4


@dataclass
class Region:
    """A range of the file with its old place, its new size and its new place."""

    kind: Kind
    start: int
    size: int
    new_size: int
    align: int
    old_address: int = 0
    content: bytes = b""
    offset: int = 0
    address: int = 0

    @property
    def end(self) -> int:
        """File offset behind the old place."""
        return self.start + self.size


def make_region(image: Image, dynamic: Dynamic, kind: Kind) -> Region:
    """Return the region of this kind as it is now. The program headers come without content."""
    if kind == Kind.HEADERS:
        return Region(kind, image.phoff, image.table_size, image.table_size, image.word)
    if kind == Kind.DYNAMIC:
        return _make(image, kind, dynamic.offset, dynamic.size, image.word)
    return _make(image, kind, dynamic.strings_offset, dynamic.strings_size, 1)


def find_regions(image: Image, dynamic: Dynamic, start: int, end: int) -> list[Region] | None:
    """Find the notes and tables that have bytes in a range of the file.

    Return None if one of them cannot be moved.
    """
    notes = _find_notes(image, start, end)
    if notes is None:
        return None
    return [*notes, *_find_loader_tables(image, dynamic, start, end)]


def _find_notes(image: Image, start: int, end: int) -> list[Region] | None:
    notes = [
        s
        for s in image.segments
        if s.type in NOTES and s.file_size and s.offset < end and start < s.end
    ]
    if len(notes) > _MOST_NOTES or any(s.align > _NOTE_ALIGNMENT for s in notes):
        return None
    regions: list[Region] = []
    for note in sorted(notes, key=lambda s: (s.offset, -s.end)):
        if regions and note.offset < regions[-1].end:
            if note.end > regions[-1].end:
                return None
        else:
            image.offset_of(note.address, note.file_size)
            regions.append(_make(image, Kind.NOTE, note.offset, note.file_size, _NOTE_ALIGNMENT))
    return regions


def _find_loader_tables(image: Image, dynamic: Dynamic, start: int, end: int) -> Iterator[Region]:
    """Yield the loader's tables. Only section headers state how large they are."""
    tags = {entry.tag for entry in dynamic.entries}
    if tags.isdisjoint((DynamicTag.HASH, DynamicTag.GNU_HASH)):
        return  # The number of symbols is then known only from the order of the tables.
    addresses = {entry.value for entry in dynamic.entries if entry.tag in LOADER_TABLES}
    for index in image.sections_at(start, end):
        section = image.sections[index]
        if section.address in addresses and section.flags & SHF_ALLOC:
            if image.offset_of(section.address, section.size) != section.offset:
                raise MalformedBinary("a table is not loaded from where its section is")
            yield _make(image, Kind.LOADER_TABLE, section.offset, section.size, image.word)


def covers(image: Image, regions: Iterable[Region], start: int, end: int) -> bool:
    """Tell whether a range of the file holds only these regions and zeros."""
    at = start
    for region in sorted(regions, key=lambda r: r.start):
        if region.start < at or not image.is_zero(at, region.start):
            return False
        at = region.end
    inside = [image.sections[index] for index in image.sections_at(start, max(at, end))]
    return image.is_zero(at, end) and all(
        any(r.start <= section.offset and section.end <= r.end for r in regions)
        for section in inside
    )


def shift_headers(image: Image, regions: Iterable[Region]) -> dict[int, int]:
    """Let segments and sections follow the regions to their new places.

    Return the distance in memory by section index, for :func:`shift_symbols`.
    """
    moves = [(region, image.sections_at(region.start, region.end)) for region in regions]
    carried = [
        (region, segment)
        for region, _ in moves
        for segment in image.segments
        if _carries(region, segment.type, segment.offset, segment.end)
    ]
    for region, segment in carried:
        segment.offset += region.offset - region.start
        segment.address += region.address - region.old_address
        segment.physical += region.address - region.old_address
        if region.kind == Kind.DYNAMIC:
            segment.file_size = segment.memory_size = region.new_size
    shifts = {}
    for region, inside in moves:
        for index in inside if region.kind != Kind.HEADERS else ():
            section = image.sections[index]
            if section.offset < region.start or not section.flags & SHF_ALLOC:
                raise MalformedBinary("a section lies across a region that has to be moved")
            section.offset += region.offset - region.start
            section.address += region.address - region.old_address
            shifts[index] = region.address - region.old_address
            if region.kind != Kind.NOTE:
                section.size = region.new_size
    return {index: shift for index, shift in shifts.items() if shift}


def _make(image: Image, kind: Kind, start: int, size: int, align: int) -> Region:
    content = bytes(image.data[start : start + size])
    return Region(kind, start, size, size, align, image.address_of(start), content)


def _carries(region: Region, kind: int, start: int, end: int) -> bool:
    if region.kind == Kind.DYNAMIC:
        return kind == SegmentType.DYNAMIC
    inside = region.start <= start < end <= region.end
    return region.kind == Kind.NOTE and kind in NOTES and inside


def shift_symbols(image: Image, shifts: dict[int, int]) -> None:
    """Correct the symbols of moved sections: the sections' own, and ``_DYNAMIC``."""
    size = image.layout.symbol.size
    value_at, section_at = (8, 6) if image.bits == 64 else (4, 14)
    word = struct.Struct(image.order + ("Q" if image.bits == 64 else "I"))
    budget = len(image.data)
    for table in image.sections if shifts else ():
        if table.type not in (SHT_SYMTAB, SHT_DYNSYM):
            continue
        budget -= table.size
        if budget < 0 or table.end > len(image.data):
            raise MalformedBinary("the symbol tables overlap one another, or reach out of the file")
        halves = array("H", image.data[table.offset : table.offset + table.size // size * size])
        if image.is_swapped:
            halves.byteswap()
        for index, home in enumerate(halves[section_at // 2 :: size // 2]):
            if home in shifts:
                at = table.offset + index * size + value_at
                value = word.unpack_from(image.data, at)[0] + shifts[home]
                word.pack_into(image.data, at, value % (1 << image.bits))
