"""What can be moved within a file, and moving it: bytes, headers, symbols.

Sources: gABI, "Program Header", "Sections", "Symbol Table".
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from felloe.binary.elf.editor.dynamic import Dynamic
from felloe.binary.elf.editor.image import SHF_ALLOC, SHT_DYNSYM, SHT_SYMTAB, Image
from felloe.binary.elf.layout import SegmentType
from felloe.errors import MalformedBinary

NOTES = (SegmentType.INTERP, SegmentType.NOTE, SegmentType.GNU_PROPERTY)
"""Segments that are found through the program headers alone, and may lie anywhere."""
_MOST_NOTES = 16
_MOST_NOTE_ALIGNMENT = 16


class Kind(IntEnum):
    """What a piece is; the order is that in the file."""

    TABLE = 0
    """The program header table."""
    NOTE = 1
    """One or more of :data:`NOTES`."""
    DYNAMIC = 2
    STRINGS = 3


@dataclass
class Piece:
    """Something with a place of its own: where it was, how large it gets, where it goes."""

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
        """The file offset behind its old place."""
        return self.start + self.size


def make_piece(image: Image, dynamic: Dynamic, kind: Kind) -> Piece:
    """The piece of this kind as it is now; of a program header table only the place."""
    if kind == Kind.TABLE:
        return Piece(kind, image.phoff, image.table_size, image.table_size, image.word)
    if kind == Kind.DYNAMIC:
        return _make(image, kind, dynamic.offset, dynamic.size, image.word)
    return _make(image, kind, dynamic.strings_offset, dynamic.strings_size, 1)


def find_notes(image: Image, start: int, end: int) -> list[Piece] | None:
    """The notes that have bytes in a range of the file; None if they cannot be moved."""
    notes = [
        s
        for s in image.segments
        if s.type in NOTES and s.file_size and s.offset < end and start < s.end
    ]
    if len(notes) > _MOST_NOTES or any(s.align > _MOST_NOTE_ALIGNMENT for s in notes):
        return None
    pieces: list[Piece] = []
    for note in sorted(notes, key=lambda s: (s.offset, -s.end)):
        if pieces and note.offset < pieces[-1].end:
            if note.end > pieces[-1].end:
                return None
        else:
            image.offset_of(note.address, note.file_size)
            align = _MOST_NOTE_ALIGNMENT
            pieces.append(_make(image, Kind.NOTE, note.offset, note.file_size, align))
    return pieces


def covers(image: Image, pieces: Iterable[Piece], start: int, end: int) -> bool:
    """Whether a range of the file is made of these pieces, of zeros, and of nothing else."""
    at = start
    for piece in sorted(pieces, key=lambda p: p.start):
        if piece.start < at or not image.is_zero(at, piece.start):
            return False
        at = piece.end
    inside = [image.sections[index] for index in image.sections_at(start, max(at, end))]
    return image.is_zero(at, end) and all(
        any(p.start <= section.offset and section.end <= p.end for p in pieces)
        for section in inside
    )


def shift_headers(image: Image, pieces: Iterable[Piece]) -> None:
    """Let segments, sections and their symbols follow the pieces to their new places."""
    moves = [(piece, image.sections_at(piece.start, piece.end)) for piece in pieces]
    carried = [
        (piece, segment)
        for piece, _ in moves
        for segment in image.segments
        if _carries(piece, segment.type, segment.offset, segment.end)
    ]
    for piece, segment in carried:
        segment.offset += piece.offset - piece.start
        segment.address += piece.address - piece.old_address
        segment.physical += piece.address - piece.old_address
        if piece.kind == Kind.DYNAMIC:
            segment.file_size = segment.memory_size = piece.new_size
    shifts = {}
    for piece, inside in moves:
        for index in inside if piece.kind != Kind.TABLE else ():
            section = image.sections[index]
            if section.offset < piece.start or not section.flags & SHF_ALLOC:
                raise MalformedBinary("a section lies across what has to be moved")
            section.offset += piece.offset - piece.start
            section.address += piece.address - piece.old_address
            shifts[index] = piece.address - piece.old_address
            if piece.kind != Kind.NOTE:
                section.size = piece.new_size
    _shift_symbols(image, {index: shift for index, shift in shifts.items() if shift})


def _make(image: Image, kind: Kind, start: int, size: int, align: int) -> Piece:
    content = bytes(image.data[start : start + size])
    return Piece(kind, start, size, size, align, image.address_of(start), content)


def _carries(piece: Piece, kind: int, start: int, end: int) -> bool:
    if piece.kind == Kind.DYNAMIC:
        return kind == SegmentType.DYNAMIC
    inside = piece.start <= start < end <= piece.end
    return piece.kind == Kind.NOTE and kind in NOTES and inside


def _shift_symbols(image: Image, shifts: dict[int, int]) -> None:
    """Symbols of moved sections: the sections' own, and ``_DYNAMIC``."""
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
