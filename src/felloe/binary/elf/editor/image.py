"""An ELF file as headers that can be edited and unchanged bytes.

Sources: System V gABI, chapters "ELF Header", "Sections", "Program Header".
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from felloe.binary.elf.layout import BYTE_ORDERS, CLASSES, IDENT_SIZE, LAYOUTS, SegmentType
from felloe.errors import MalformedBinary

PT_NULL, PT_PHDR, PT_GNU_RELRO = 0, 6, 0x6474E552
SHT_NULL, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS, SHT_DYNSYM = 0, 2, 3, 8, 11
SHF_ALLOC = 2

# Machines whose kernel has one page size. All others get 64 KiB, the largest
# size that any machine of a platform tag can have.
_SMALL_PAGES = frozenset((3, 22, 62, 243))  # x86, s390x, x86-64, riscv
_SMALL_PAGE, _LARGE_PAGE = 0x1000, 0x10000


@dataclass
class Segment:
    """A program header, in the order of the 64-bit record."""

    type: int
    flags: int
    offset: int
    address: int
    physical: int
    file_size: int
    memory_size: int
    align: int

    @property
    def end(self) -> int:
        """File offset behind it."""
        return self.offset + self.file_size


@dataclass
class Section:
    """A section header."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int

    @property
    def end(self) -> int:
        """File offset behind it."""
        return self.offset + self.size

    @property
    def has_bytes(self) -> bool:
        """True if it has bytes in the file."""
        return self.size > 0 and self.type not in (SHT_NULL, SHT_NOBITS)


class Image:
    """The editable state of one file. Raises :class:`MalformedBinary` if it cannot be edited."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.bits, self.order = CLASSES[data[4]], BYTE_ORDERS[data[5]]
        self.layout = LAYOUTS[self.bits, self.order]
        self.section_record = struct.Struct(
            self.order + ("IIQQQQIIQQ" if self.bits == 64 else "IIIIIIIIII")
        )
        header: tuple[int, ...] = self.layout.header.unpack_from(data, IDENT_SIZE)
        self.type, self.machine, _, _, self.phoff, self.shoff = header[:6]
        segment_size, count, section_size, section_count, self.names_index = header[8:]
        if segment_size != self.layout.segment.size:
            raise MalformedBinary(f"unknown size of program headers: {segment_size} bytes")
        self.segments = [self._read_segment(self.phoff + at * segment_size) for at in range(count)]
        self.sections = list(self._read_sections(section_size, section_count))

    @property
    def word(self) -> int:
        """Bytes of an address."""
        return self.bits // 8

    @property
    def loaded(self) -> list[Segment]:
        """The segments that the loader maps."""
        return [s for s in self.segments if s.type == SegmentType.LOAD]

    @property
    def table_size(self) -> int:
        """Bytes of the program header table."""
        return len(self.segments) * self.layout.segment.size

    @property
    def sections_end(self) -> int:
        """File offset behind the section headers, 0 if there are none."""
        return self.shoff + len(self.sections) * self.section_record.size

    @property
    def is_swapped(self) -> bool:
        """True if this machine has the other byte order."""
        return (self.order == "<") != (sys.byteorder == "little")

    def page_size(self) -> int:
        """Return the unit by which offset and address of a new segment must agree, in bytes."""
        least = _SMALL_PAGE if self.machine in _SMALL_PAGES else _LARGE_PAGE
        size = max([least, *(s.align for s in self.loaded)])
        if size & size - 1:
            raise MalformedBinary(f"a segment's alignment of {size} bytes is not a power of two")
        return size

    def offset_of(self, address: int, size: int = 1) -> int:
        """Return the file offset of ``size`` bytes that are loaded at ``address``."""
        for s in self.loaded:
            if s.address <= address and address + size <= s.address + s.file_size:
                return address - s.address + s.offset
        raise MalformedBinary(f"no loaded segment holds {size} bytes at the address {address:#x}")

    def address_of(self, offset: int) -> int:
        """Return the address of the byte at a file offset."""
        for s in self.loaded:
            if s.offset <= offset < s.end:
                return offset - s.offset + s.address
        raise MalformedBinary(f"no segment loads the byte at the file offset {offset:#x}")

    def sections_at(self, start: int, end: int) -> list[int]:
        """Return the indices of the sections that have bytes in this range of the file."""
        return [
            index
            for index, s in enumerate(self.sections)
            if s.has_bytes and s.offset < end and start < s.end
        ]

    def is_zero(self, start: int, end: int) -> bool:
        """Tell whether a range of the file contains only zeros."""
        return self.data.count(0, start, end) == max(end - start, 0)

    def write_headers(self) -> None:
        """Write the headers to the bytes."""
        for at, segment in enumerate(self.segments):
            self.layout.segment.pack_into(
                self.data, self.phoff + at * self.layout.segment.size, *self._as_record(segment)
            )
        for at, section in enumerate(self.sections):
            place = self.shoff + at * self.section_record.size
            self.section_record.pack_into(self.data, place, *vars(section).values())
        form = self.layout.header
        header = list(form.unpack_from(self.data, IDENT_SIZE))
        header[4], header[9] = self.phoff, len(self.segments)
        form.pack_into(self.data, IDENT_SIZE, *header)

    def _read_segment(self, at: int) -> Segment:
        record = self.layout.segment.unpack_from(self.data, at)
        if self.bits == 32:  # p_flags stands elsewhere
            record = (record[0], record[6], *record[1:6], record[7])
        segment = Segment(*record)
        if segment.type == SegmentType.LOAD and segment.end > len(self.data):
            raise MalformedBinary("a loaded segment reaches beyond the end of the file")
        return segment

    def _as_record(self, segment: Segment) -> tuple[int, ...]:
        record: tuple[int, ...] = tuple(vars(segment).values())
        return record if self.bits == 64 else (record[0], *record[2:7], record[1], record[7])

    def _read_sections(self, size: int, count: int) -> Iterator[Section]:
        if not self.shoff:
            return
        if size != self.section_record.size:
            raise MalformedBinary(f"unknown size of section headers: {size} bytes")
        first = Section(*self.section_record.unpack_from(self.data, self.shoff))
        # gABI: a count that e_shnum cannot hold is the size of section 0.
        count = count or first.size
        if self.shoff + count * size > len(self.data):
            raise MalformedBinary("the section headers reach beyond the end of the file")
        table = self.data[self.shoff : self.shoff + count * size]
        yield from (Section(*record) for record in self.section_record.iter_unpack(table))
