"""The segment that is added behind all others, for regions that have outgrown their place.

It holds, as far as needed and in this order: the notes and tables that were in
the way of another program header, the dynamic section, the dynamic strings. A
segment that an earlier edit has added is written anew in its place.

The program headers stay at the front of the file if the bytes behind them can
be moved: eu-strip and llvm-strip lay out a file by its sections, and destroy
headers that lie behind them.

Sources: gABI, "Program Header" (``PT_LOAD`` in ascending order of address, offset
and address equal modulo the alignment, ``PT_PHDR`` part of the memory image).
"""

from __future__ import annotations

from dataclasses import dataclass

from felloe.binary.elf.editor.dynamic import Dynamic
from felloe.binary.elf.editor.image import PT_GNU_RELRO, PT_NULL, PT_PHDR, Image, Segment
from felloe.binary.elf.editor.movable_region import (
    Kind,
    Region,
    covers,
    find_regions,
    make_region,
    shift_headers,
    shift_symbols,
)
from felloe.binary.elf.layout import DF_1_PIE, DynamicTag, ElfType, SegmentType
from felloe.errors import FelloeError, MalformedBinary

_R, _RW = 4, 6
_ALIGN = 16
_MOST_PADDING = 1 << 25
# Addresses cost nothing, and two tools need some before the segment. binutils' strip
# puts the headers up to an alignment lower (bfd/elf.c, p_vaddr -= off - p_offset);
# eu-elflint adds a symbol's size to the place of a relocation to see what it changes.
_GAP = 1 << 16


@dataclass
class AppendedSegment:
    """The segment at the end as it will be."""

    segment: Segment
    start: int
    """File offset of the first region."""
    regions: list[Region]

    def find(self, kind: Kind) -> Region | None:
        """Return the first region of this kind, if there is one."""
        return next((r for r in self.regions if r.kind == kind), None)


def plan_segment(image: Image, dynamic: Dynamic, sizes: dict[Kind, int]) -> AppendedSegment:
    """Find places for a dynamic section and strings that get these many bytes.

    The segment is added to the program headers of ``image``; no byte is moved yet.
    """
    added = _find_segment(image, dynamic) or _add_segment(image, dynamic)
    for kind, size in sizes.items():
        region = added.find(kind)
        if region is None:
            region = make_region(image, dynamic, kind)
            added.regions.append(region)
        region.new_size = size
    added.regions.sort(key=lambda r: (r.kind, r.start))
    at = added.start
    for region in added.regions:
        phase = region.start % region.align if region.kind == Kind.NOTE else 0
        at = _align(at - phase, region.align) + phase
        region.offset, region.address = at, at - added.segment.offset + added.segment.address
        at += region.new_size
    size = at - added.segment.offset
    if (added.segment.address + size) >> image.bits:
        raise MalformedBinary("no address is left for another segment")
    added.segment.file_size = added.segment.memory_size = size
    # Loaders before glibc 2.35 relocate the entries of .dynamic in place
    # (elf/get-dynamic-info.h), and all write DT_DEBUG of a program.
    added.segment.flags |= _RW if added.find(Kind.DYNAMIC) else _R
    return added


def write_segment(image: Image, added: AppendedSegment) -> None:
    """Write the regions, whose contents are complete by now, to their new places."""
    shifts = shift_headers(image, added.regions)
    del image.data[added.start :]
    image.data += bytes(added.segment.end - len(image.data))
    for region in added.regions:
        if region.kind in (Kind.NOTE, Kind.LOADER_TABLE) and region.end <= added.start:
            image.data[region.start : region.end] = bytes(region.size)
        image.data[region.offset : region.offset + len(region.content)] = region.content
        if region.kind == Kind.HEADERS:
            image.phoff = region.offset
    for segment in image.segments:
        if segment.type == PT_PHDR:
            segment.offset = image.phoff
            segment.address = segment.physical = image.address_of(image.phoff)
            segment.file_size = segment.memory_size = image.table_size
    shift_symbols(image, shifts)


def _align(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _find_segment(image: Image, dynamic: Dynamic) -> AppendedSegment | None:
    """Find the last segment, if it ends with such regions and nothing lies behind it."""
    *others, last = sorted(image.loaded, key=lambda s: s.address)
    regions = find_regions(image, dynamic, last.offset, last.end)
    if (
        regions is None
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
    regions += [make_region(image, dynamic, k) for k in (Kind.HEADERS, Kind.DYNAMIC, Kind.STRINGS)]
    regions = [r for r in regions if last.offset <= r.start and r.end <= last.end]
    regions.sort(key=lambda r: r.start)
    # Bytes that another tool has put before them stay; patchelf puts the section headers there.
    while regions and not (
        image.sections_end <= regions[0].start
        and covers(image, regions, regions[0].start, last.end)
    ):
        del regions[0]
    return AppendedSegment(last, regions[0].start, regions) if regions else None


def _add_segment(image: Image, dynamic: Dynamic) -> AppendedSegment:
    """Add a segment behind all others, in the file and in memory, and its program header."""
    page = image.page_size()
    top = max(s.address + s.memory_size for s in image.loaded)
    behind = image.phoff + image.table_size
    offset = _align(len(image.data), _ALIGN)
    address = _align(top + max(_GAP, page), page) + offset % page
    segment = Segment(SegmentType.LOAD, 0, offset, address, address, 0, 0, page)
    unused = next((s for s in image.segments if s.type == PT_NULL), None)
    if unused is not None:
        image.segments.remove(unused)
    last = max(i for i, s in enumerate(image.segments) if s.type == SegmentType.LOAD)
    image.segments.insert(last + 1, segment)
    regions = [] if unused is not None else _clear_way(image, dynamic, behind)
    if regions is not None:
        # llvm-strip takes a segment that starts where a PT_LOAD starts, and is
        # listed before it, for the one that contains the other.
        return AppendedSegment(segment, offset + _ALIGN, regions)
    if _is_program(image, dynamic):
        _keep_distance(image, segment, _align(top, page) + page)
    headers = make_region(image, dynamic, Kind.HEADERS)
    return AppendedSegment(segment, segment.offset, [headers])


def _is_program(image: Image, dynamic: Dynamic) -> bool:
    """Tell whether the kernel starts this file. A library that can be started does not count."""
    if image.type == ElfType.EXECUTABLE:
        return True
    return not any(e.tag == DynamicTag.SONAME for e in dynamic.entries) and (
        any(s.type == SegmentType.INTERP for s in image.segments)
        or bool(dynamic.number(DynamicTag.FLAGS_1) & DF_1_PIE)
    )


def _clear_way(image: Image, dynamic: Dynamic, start: int) -> list[Region] | None:
    """Find the regions to move so that one more header fits behind the others.

    Return None if other bytes are in the way. Linkers put the interpreter's name,
    the notes and the loader's tables behind the headers.
    """
    end = start + image.layout.segment.size
    first = next((s for s in image.loaded if s.offset <= image.phoff and end <= s.end), None)
    if not image.sections or first is None:
        return None
    regions = find_regions(image, dynamic, start, end)
    if regions is None:
        return None
    strings = make_region(image, dynamic, Kind.STRINGS)
    if strings.start < end and start < strings.end:
        regions.append(strings)
    return regions if covers(image, regions, start, end) else None


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
            "no place is left for more program headers that all kernels find",
            hint="link it again with -Wl,-rpath and a longer path to replace, or exclude it",
        )
