"""Read the facts of an ELF file as the dynamic loader reads them.

All are found through program headers and the dynamic section. Section headers
are for linkers and may be missing or wrong. Follows the System V gABI
(chapters "ELF Header", "Program Header", "Dynamic Section") and the LSB for
symbol versions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Union

from felloe.binary.elf.layout import (
    BYTE_ORDERS,
    CLASSES,
    DF_1_PIE,
    DF_TEXTREL,
    EF_ARM_ABI_FLOAT_HARD,
    IDENT_SIZE,
    LAYOUTS,
    MAGIC,
    PF_X,
    DynamicTag,
    ElfType,
    Segment,
    SegmentType,
    find_architecture,
)
from felloe.binary.elf.note import Note, find_dlopened, find_isa_level, iter_notes
from felloe.binary.strings import StringTable, decode_name
from felloe.errors import MalformedBinary

Buffer = Union[bytes, memoryview]

# Limits that no real object reaches, so that a hostile one costs little.
_MOST_SEGMENTS = 4096
_MOST_NOTE_BYTES = 1 << 16
_MOST_PATH_BYTES = 4096
"""Longest path with which Linux opens a file (PATH_MAX), in bytes."""
_MOST_SEARCH_BYTES = 1 << 16
"""Longest accepted RPATH, in bytes."""

_EXECUTABLE_STACKS = frozenset(("armv7l", "i686", "s390x", "x86_64"))
"""Architectures on which an object without ``PT_GNU_STACK`` gets an executable stack."""


class VersionNeed(NamedTuple):
    """One ``Elf_Vernaux``: the object needs ``version`` of ``library``.

    ``number`` is the value in ``.gnu.version`` of the symbols bound to it.
    """

    library: str
    version: str
    number: int


@dataclass(frozen=True)
class Tables:
    """File offsets of the tables that :mod:`felloe.binary.elf.symbols` reads; 0 if absent."""

    symbols: int
    strings: int
    strings_size: int
    gnu_hash: int
    sysv_hash: int
    symbol_versions: int


@dataclass(frozen=True)
class ElfObject:
    """The facts of one ELF file."""

    bits: int
    """32 or 64."""
    byte_order: str
    """``"<"`` little, ``">"`` big, as in :mod:`struct`."""
    type: int
    """``e_type``, an :class:`ElfType` if known."""
    machine: int
    """``e_machine``."""
    architecture: str | None
    """As platform tags spell it; None if no platform tag names it."""
    interpreter: str | None
    needed: tuple[str, ...]
    soname: str | None
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    version_needs: tuple[VersionNeed, ...]
    executable_stack: bool
    """True if ``PT_GNU_STACK``, or its absence, asks for an executable stack."""
    text_relocations: bool
    relative_relocations: bool
    """``DT_RELR``: packed relocations, which older loaders ignore."""
    load_alignment: int
    """The smallest ``p_align`` of a ``PT_LOAD``, in bytes; 0 if nothing is loaded."""
    isa_level: int
    """The x86-64 microarchitecture level that is declared as needed; 1 if none is."""
    dlopened: tuple[str, ...]
    """Sonames that ``.note.dlopen`` declares to be loaded at run time."""
    is_dynamic: bool
    is_program: bool
    """True if it can be started: at a fixed address, with an interpreter, or marked so."""
    is_loadable: bool
    """True if others can need it: shared, and not marked as a program (refused by glibc 2.30)."""
    tables: Tables


def parse_elf(data: Buffer) -> ElfObject:
    """Read the facts of an ELF image.

    ``data`` is the whole file. Raises :class:`MalformedBinary` if an offset leads
    out of the file, a record is cut off, or a name is longer than a path can be. The
    time is linear in the size of the tables.
    """
    try:
        return _Parser(data).parse()
    except (struct.error, IndexError, OverflowError) as cause:
        raise MalformedBinary(
            f"an ELF record reaches beyond the end of the file ({cause})"
        ) from cause


class _Parser:
    """The state of one parse: the data, its layout, its segments."""

    def __init__(self, data: Buffer) -> None:
        ident = bytes(data[:IDENT_SIZE])
        if len(ident) < IDENT_SIZE or not ident.startswith(MAGIC):
            raise MalformedBinary("the ELF identification is cut off")
        if ident[4] not in CLASSES or ident[5] not in BYTE_ORDERS:
            raise MalformedBinary(f"unknown ELF class or byte order ({ident[4]}, {ident[5]})")
        self.data = data
        self.bits = CLASSES[ident[4]]
        self.order = BYTE_ORDERS[ident[5]]
        self.layout = LAYOUTS[self.bits, self.order]
        header = self.layout.header.unpack_from(data, IDENT_SIZE)
        self.type, self.machine, _, _, phoff, _, flags, _, phentsize, phnum = header[:10]
        self.flags = flags
        self.architecture = find_architecture(self.machine, self.bits, self.order, flags)
        self.segments = tuple(self._segments(phoff, phentsize, phnum))
        self.loaded = tuple(s for s in self.segments if s.type == SegmentType.LOAD)

    def _static_arm(self) -> str | None:
        """Return ``armv7l`` for code of EABI version 5 that shares no registers with others.

        A static program runs there with floats in any registers.
        """
        hard_float = self.flags | EF_ARM_ABI_FLOAT_HARD
        return find_architecture(self.machine, self.bits, self.order, hard_float)

    def parse(self) -> ElfObject:
        entries, notes = self._dynamic_entries(), list(self._notes())
        single = dict(reversed(entries))
        tables = self._tables(single)
        strings = StringTable(
            bytes(self.data[tables.strings : tables.strings + tables.strings_size])
        )

        def names(tag: DynamicTag, limit: int = _MOST_PATH_BYTES) -> tuple[str, ...]:
            return tuple(strings.at(value, limit) for key, value in entries if key == tag)

        def paths(tag: DynamicTag) -> tuple[str, ...]:
            return tuple(names(tag, _MOST_SEARCH_BYTES)[0].split(":")) if tag in single else ()

        interpreter = self._interpreter()
        is_static = self.type == ElfType.EXECUTABLE and not entries and interpreter is None
        return ElfObject(
            bits=self.bits,
            byte_order=self.order,
            type=self.type,
            machine=self.machine,
            architecture=self.architecture or (is_static and self._static_arm()) or None,
            interpreter=interpreter,
            needed=names(DynamicTag.NEEDED),
            soname=next(iter(names(DynamicTag.SONAME)), None),
            rpath=paths(DynamicTag.RPATH),
            runpath=paths(DynamicTag.RUNPATH),
            version_needs=tuple(self._version_needs(single, strings)),
            executable_stack=self._executable_stack(),
            text_relocations=DynamicTag.TEXTREL in single
            or bool(single.get(DynamicTag.FLAGS, 0) & DF_TEXTREL),
            relative_relocations=DynamicTag.RELR in single,
            load_alignment=min((max(s.align, 1) for s in self.loaded), default=0),
            isa_level=self._isa_level(notes),
            dlopened=tuple(name for note in notes for name in find_dlopened(note)),
            is_dynamic=bool(entries),
            is_program=self.type == ElfType.EXECUTABLE
            or self._first(SegmentType.INTERP) is not None
            or bool(single.get(DynamicTag.FLAGS_1, 0) & DF_1_PIE),
            is_loadable=self.type == ElfType.SHARED
            and not single.get(DynamicTag.FLAGS_1, 0) & DF_1_PIE,
            tables=tables,
        )

    def _segments(self, offset: int, entry_size: int, count: int) -> Iterator[Segment]:
        if count and entry_size < self.layout.segment.size:
            raise MalformedBinary(f"program headers of {entry_size} bytes are too short")
        if count > _MOST_SEGMENTS:
            raise MalformedBinary(f"{count} program headers are more than a loader accepts")
        for index in range(count):
            record = self.layout.segment.unpack_from(self.data, offset + index * entry_size)
            if self.bits == 64:
                kind, flags, file_offset, address, _, file_size, _, align = record
            else:
                kind, file_offset, address, _, file_size, _, flags, align = record
            yield Segment(kind, flags, file_offset, address, file_size, align)

    def _first(self, kind: SegmentType) -> Segment | None:
        return next((s for s in self.segments if s.type == kind), None)

    def _offset(self, address: int) -> int:
        """Return the file offset of the byte that the loader maps at ``address``."""
        for segment in self.loaded:
            if segment.address <= address < segment.address + segment.file_size:
                return address - segment.address + segment.offset
        raise MalformedBinary(f"no loaded segment holds the address {address:#x}")

    def _dynamic_entries(self) -> list[tuple[int, int]]:
        segment = self._first(SegmentType.DYNAMIC)
        if segment is None:
            return []
        size = self.layout.dynamic.size
        if segment.offset + segment.file_size > len(self.data):
            raise MalformedBinary("the dynamic section reaches beyond the end of the file")
        table = self.data[segment.offset : segment.offset + segment.file_size // size * size]
        entries: list[tuple[int, int]] = []
        for tag, value in self.layout.dynamic.iter_unpack(table):
            if tag == DynamicTag.NULL:
                break
            entries.append((tag, value))
        return entries

    def _tables(self, single: dict[int, int]) -> Tables:
        def offset(tag: DynamicTag) -> int:
            return self._offset(single[tag]) if single.get(tag) else 0

        tables = Tables(
            symbols=offset(DynamicTag.SYMTAB),
            strings=offset(DynamicTag.STRTAB),
            strings_size=single.get(DynamicTag.STRSZ, 0),
            gnu_hash=offset(DynamicTag.GNU_HASH),
            sysv_hash=offset(DynamicTag.HASH),
            symbol_versions=offset(DynamicTag.VERSYM),
        )
        if tables.strings + tables.strings_size > len(self.data):
            raise MalformedBinary("the dynamic string table reaches beyond the end of the file")
        return tables

    def _interpreter(self) -> str | None:
        segment = self._first(SegmentType.INTERP)
        if segment is None:
            return None
        raw = bytes(
            self.data[segment.offset : segment.offset + min(segment.file_size, _MOST_PATH_BYTES)]
        )
        return decode_name(raw.partition(b"\0")[0])

    def _version_needs(self, single: dict[int, int], strings: StringTable) -> Iterator[VersionNeed]:
        if not single.get(DynamicTag.VERNEED):
            return
        need = struct.Struct(self.order + "HHIII")
        auxiliary = struct.Struct(self.order + "IHHII")
        at = self._offset(single[DynamicTag.VERNEED])
        budget = len(self.data) // auxiliary.size
        for _ in range(min(single.get(DynamicTag.VERNEEDNUM, 0), budget)):
            _, count, file_name, first, following = need.unpack_from(self.data, at)
            library = strings.at(file_name, _MOST_PATH_BYTES)
            aux_at = at + first
            for _ in range(count):
                budget -= 1
                if budget < 0:
                    raise MalformedBinary("the version needs overlap one another")
                _, _, index, name, aux_following = auxiliary.unpack_from(self.data, aux_at)
                yield VersionNeed(library, strings.at(name, _MOST_PATH_BYTES), index)
                aux_at += aux_following
            if not following:
                return
            at += following

    def _executable_stack(self) -> bool:
        segment = self._first(SegmentType.GNU_STACK)
        if segment is not None:
            return bool(segment.flags & PF_X)
        # Without the marker the loader takes the architecture's default, which
        # may be an executable stack (glibc: DEFAULT_STACK_PERMS).
        return self.type == ElfType.SHARED and self.architecture in _EXECUTABLE_STACKS

    def _notes(self) -> Iterator[Note]:
        budget = _MOST_NOTE_BYTES
        for segment in self.segments:
            if segment.type in (SegmentType.NOTE, SegmentType.GNU_PROPERTY):
                size = min(segment.file_size, budget)
                budget -= size
                raw = bytes(self.data[segment.offset : segment.offset + size])
                yield from iter_notes(raw, self.order)

    def _isa_level(self, notes: Sequence[Note]) -> int:
        levels = (find_isa_level(note, self.order) for note in notes)
        level = next(filter(None, levels), 1)
        return level if self.architecture == "x86_64" else 1


def find_libc(elf: ElfObject) -> str | None:
    """Return the C library that an object needs, from its needed names and its loader."""
    if any(name.startswith("libc.musl-") or name == "libc.so" for name in elf.needed):
        return "musl"
    if "ld-musl" in (elf.interpreter or ""):
        return "musl"
    # The name libc.so.6 proves nothing: musl's loader accepts it as well.
    if any(need.version.startswith("GLIBC_") for need in elf.version_needs):
        return "glibc"
    return None
