"""The one segment at the end of a file, for all that has outgrown its place.

It holds, only as far as needed and in this order: the program header table, the
notes that were in its way, the dynamic section, the dynamic strings. A segment
that already is so is made anew in its place: a file patched many times has one.

Sources: gABI, "Program Header" (``PT_LOAD`` in ascending order of address, offset
and address equal modulo the alignment, ``PT_PHDR`` part of the memory image).
"""

from __future__ import annotations

from dataclasses import dataclass

from felloe.binary.elf.editor.dynamic import Dynamic
from felloe.binary.elf.editor.image import PT_GNU_RELRO, PT_NULL, PT_PHDR, Image, Segment
from felloe.binary.elf.editor.movable_region import (
    Kind,
    Piece,
    covers,
    find_notes,
    make_piece,
    shift_headers,
)
from felloe.binary.elf.layout import DynamicTag, ElfType, SegmentType
from felloe.errors import FelloeError, MalformedBinary

_R, _RW = 4, 6
_DT_FLAGS_1, _DF_1_PIE = 0x6FFFFFFB, 0x08000000
_ALIGN = 16
_MOST_PADDING = 1 << 25
# Addresses cost nothing, and two tools want some before the segment. binutils' strip
# puts the headers up to an alignment lower (bfd/elf.c, p_vaddr -= off - p_offset);
# eu-elflint adds a symbol's size to the place of a relocation to see what it changes.
_GAP = 1 << 16


@dataclass
class Tail:
    """The segment at the end as it will be."""

    segment: Segment
    start: int
    """File offset of the first piece."""
    pieces: list[Piece]

    def piece(self, kind: Kind) -> Piece | None:
        """The piece of this kind, if it is in here."""
        return next((p for p in self.pieces if p.kind == kind), None)


def plan_tail(image: Image, dynamic: Dynamic, sizes: dict[Kind, int]) -> Tail:
    """Find places for a dynamic section and strings that get these many bytes.

    The program headers of ``image`` get the segment; nothing is moved yet.
    """
    tail = _find_tail(image, dynamic) or _add_tail(image, dynamic)
    for kind, size in sizes.items():
        piece = tail.piece(kind)
        if piece is None:
            piece = make_piece(image, dynamic, kind)
            tail.pieces.append(piece)
        piece.new_size = size
    tail.pieces.sort(key=lambda p: (p.kind, p.start))
    at = tail.start
    for piece in tail.pieces:
        phase = piece.start % piece.align if piece.kind == Kind.NOTE else 0
        at = _align(at - phase, piece.align) + phase
        piece.offset, piece.address = at, at - tail.segment.offset + tail.segment.address
        at += piece.new_size
    size = at - tail.segment.offset
    if (tail.segment.address + size) >> image.bits:
        raise MalformedBinary("there is no address left for another segment")
    tail.segment.file_size = tail.segment.memory_size = size
    # Loaders before glibc 2.35 relocate the entries of .dynamic in place
    # (elf/get-dynamic-info.h), and all write DT_DEBUG of a program.
    tail.segment.flags |= _RW if tail.piece(Kind.DYNAMIC) else _R
    return tail


def write_tail(image: Image, tail: Tail) -> None:
    """Put the pieces, whose contents are complete by now, where they were planned."""
    shift_headers(image, tail.pieces)
    del image.data[tail.start :]
    image.data += bytes(tail.segment.end - len(image.data))
    for piece in tail.pieces:
        if piece.kind == Kind.NOTE and piece.end <= tail.start:
            image.data[piece.start : piece.end] = bytes(piece.size)
        image.data[piece.offset : piece.offset + len(piece.content)] = piece.content
        if piece.kind == Kind.TABLE:
            image.phoff = piece.offset
    for segment in image.segments:
        if segment.type == PT_PHDR:
            segment.offset = image.phoff
            segment.address = segment.physical = image.address_of(image.phoff)
            segment.file_size = segment.memory_size = image.table_size


def _align(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _find_tail(image: Image, dynamic: Dynamic) -> Tail | None:
    """The last segment, if it ends with such pieces and nothing lies behind it."""
    *others, last = sorted(image.loaded, key=lambda s: s.address)
    notes = find_notes(image, last.offset, last.end)
    if (
        notes is None
        or len(image.data) - last.end not in range(_ALIGN)
        or not image.is_zero(last.end, len(image.data))
        or last.file_size != last.memory_size
        or last.offset < max((s.end for s in others), default=image.bits)
        or any(
            s.type == PT_GNU_RELRO and s.address + s.memory_size > last.address
            for s in image.segments
        )
    ):
        return None
    pieces = notes + [make_piece(image, dynamic, kind) for kind in Kind if kind != Kind.NOTE]
    pieces = [p for p in pieces if last.offset <= p.start and p.end <= last.end]
    pieces.sort(key=lambda p: p.start)
    # What another tool has put before them stays; of patchelf, the section headers.
    while pieces and not (
        image.sections_end <= pieces[0].start and covers(image, pieces, pieces[0].start, last.end)
    ):
        del pieces[0]
    return Tail(last, pieces[0].start, pieces) if pieces else None


def _add_tail(image: Image, dynamic: Dynamic) -> Tail:
    """A new segment behind all others, in the file and in memory, and its program header."""
    page = image.page_size()
    top = max(s.address + s.memory_size for s in image.loaded)
    behind = image.phoff + image.table_size
    offset = _align(len(image.data), _ALIGN)
    address = _align(top + max(_GAP, page), page) + offset % page
    segment = Segment(SegmentType.LOAD, 0, offset, address, address, 0, 0, page)
    empty = next((s for s in image.segments if s.type == PT_NULL), None)
    if empty is not None:
        image.segments.remove(empty)
    last = max(i for i, s in enumerate(image.segments) if s.type == SegmentType.LOAD)
    image.segments.insert(last + 1, segment)
    if empty is not None:
        return Tail(segment, offset, [])
    is_program = _is_program(image, dynamic)
    pieces = _clear_way(image, behind) if is_program else None
    if pieces is None:
        pieces = [make_piece(image, dynamic, Kind.TABLE)]
        if is_program:
            _keep_distance(image, segment, _align(top, page) + page)
    return Tail(segment, segment.offset, pieces)


def _is_program(image: Image, dynamic: Dynamic) -> bool:
    """Whether the kernel starts it; a library that can also be run is loaded by others."""
    if image.type == ElfType.EXECUTABLE:
        return True
    return not any(e.tag == DynamicTag.SONAME for e in dynamic.entries) and (
        any(s.type == SegmentType.INTERP for s in image.segments)
        or bool(dynamic.number(_DT_FLAGS_1) & _DF_1_PIE)
    )


def _clear_way(image: Image, start: int) -> list[Piece] | None:
    """The notes to move so that one more header fits behind the others; None: others are there.

    Linkers put the interpreter's name and the notes right behind the headers.
    """
    end = start + image.layout.segment.size
    first = next((s for s in image.loaded if s.offset <= image.phoff and end <= s.end), None)
    if not image.sections or first is None:
        return None
    pieces = find_notes(image, start, end)
    return pieces if pieces is not None and covers(image, pieces, start, end) else None


def _keep_distance(image: Image, segment: Segment, top: int) -> None:
    """Place a segment with the program headers as far from its address as the first one is.

    Before Linux 5.18 (commit 0da1d5002745, "fs/binfmt_elf: Fix AT_PHDR for unusual
    ELF files") a program is told to find its headers at that distance.
    """
    distance = image.loaded[0].address - image.loaded[0].offset
    missing = max(len(image.data) - (top - distance), 0)
    segment.address = segment.physical = top + _align(missing, segment.align)
    segment.offset = segment.address - distance
    if distance % segment.align or segment.offset - len(image.data) > _MOST_PADDING:
        raise FelloeError(
            "there is no place for more program headers where all kernels find them",
            hint="link it again with -Wl,-rpath and a longer path to replace, or exclude it",
        )
