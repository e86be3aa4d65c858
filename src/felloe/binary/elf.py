"""What an ELF file says of itself, read as the dynamic loader reads it.

Everything is reached through program headers and the dynamic section; section
headers are for linkers and may be stripped or wrong. Follows the System V gABI
(chapters "ELF Header", "Program Header", "Dynamic Section"), the LSB for symbol
versions and the Linux gABI supplement for ``.note.gnu.property``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Union

from felloe.binary.strings import StringTable
from felloe.errors import MalformedBinary

Buffer = Union[bytes, memoryview]

MAGIC = b"\x7fELF"


class ElfType(IntEnum):
    """``e_type``, as far as a wheel can hold it."""

    RELOCATABLE = 1
    EXECUTABLE = 2
    SHARED = 3
    CORE = 4


class SegmentType(IntEnum):
    """``p_type``."""

    LOAD = 1
    DYNAMIC = 2
    INTERP = 3
    NOTE = 4
    GNU_STACK = 0x6474E551
    GNU_PROPERTY = 0x6474E553


class DynamicTag(IntEnum):
    """``d_tag``."""

    NULL = 0
    NEEDED = 1
    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    STRSZ = 10
    SONAME = 14
    RPATH = 15
    TEXTREL = 22
    RUNPATH = 29
    FLAGS = 30
    RELR = 36
    GNU_HASH = 0x6FFFFEF5
    VERSYM = 0x6FFFFFF0
    VERNEED = 0x6FFFFFFE
    VERNEEDNUM = 0x6FFFFFFF


_DF_TEXTREL = 0x4
_PF_X = 0x1
_GNU_PROPERTY_X86_ISA_1_NEEDED = 0xC0008002
_NT_GNU_PROPERTY_TYPE_0 = 5
_EF_ARM_EABI_MASK = 0xFF000000
_EF_ARM_EABI_VER5 = 0x05000000
_EF_ARM_ABI_FLOAT_HARD = 0x400

# Architecture names as in platform tags, by (e_machine, bits, byte order).
_ARCHITECTURES = {
    (3, 32, "<"): "i686",
    (21, 64, "<"): "ppc64le",
    (21, 64, ">"): "ppc64",
    (22, 64, ">"): "s390x",
    (40, 32, "<"): "armv7l",
    (62, 64, "<"): "x86_64",
    (183, 64, "<"): "aarch64",
    (243, 64, "<"): "riscv64",
    (258, 64, "<"): "loongarch64",
}


class Layout(NamedTuple):
    """The record formats of one (class, byte order), for :mod:`struct`."""

    header: struct.Struct
    segment: struct.Struct
    dynamic: struct.Struct
    symbol: struct.Struct
    word: str


def _layout(bits: int, order: str) -> Layout:
    word = "Q" if bits == 64 else "I"
    return Layout(
        header=struct.Struct(f"{order}HHI{word * 3}IHHHHHH"),
        segment=struct.Struct(order + ("IIQQQQQQ" if bits == 64 else "IIIIIIII")),
        dynamic=struct.Struct(order + word * 2),
        symbol=struct.Struct(order + ("IBBHQQ" if bits == 64 else "IIIBBH")),
        word=word,
    )


LAYOUTS = {(bits, order): _layout(bits, order) for bits in (32, 64) for order in "<>"}
_CLASSES = {1: 32, 2: 64}
_BYTE_ORDERS = {1: "<", 2: ">"}
_IDENT_SIZE = 16

# Bounds that no real object comes near, so that a hostile one costs little.
_MOST_SEGMENTS = 4096
_MOST_NOTE_BYTES = 1 << 16
_MOST_PATH_BYTES = 4096


class VersionNeed(NamedTuple):
    """One ``Elf_Vernaux``: the object needs ``version`` of ``library``.

    ``index`` is what ``.gnu.version`` writes beside the symbols bound to it.
    """

    library: str
    version: str
    index: int


class Segment(NamedTuple):
    """One program header; offsets and sizes in bytes."""

    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    align: int


@dataclass(frozen=True)
class Tables:
    """File offsets of what :mod:`felloe.binary.symbols` reads; 0 where absent."""

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
    """``e_type``, an :class:`ElfType` where known."""
    machine: int
    """``e_machine``."""
    architecture: str | None
    """As platform tags spell it; None where no wheel platform has a name for it."""
    interpreter: str | None
    needed: tuple[str, ...]
    soname: str | None
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    version_needs: tuple[VersionNeed, ...]
    executable_stack: bool
    """``PT_GNU_STACK`` asks for one, or is missing where that means the same."""
    text_relocations: bool
    relative_relocations: bool
    """``DT_RELR``: packed relocations, which older loaders silently skip."""
    load_alignment: int
    """The smallest ``p_align`` of a ``PT_LOAD``, in bytes; 0 if nothing is loaded."""
    isa_level: int
    """The x86-64 microarchitecture level declared as needed; 1 where none is."""
    is_dynamic: bool
    tables: Tables


def parse_elf(data: Buffer) -> ElfObject:
    """Read the facts of an ELF image.

    ``data`` is the whole file. Raises :class:`MalformedBinary` where an offset
    leads outside the file or a record is cut off; the time taken is linear in
    the size of the tables read, whatever they contain.
    """
    try:
        return _Parser(data).parse()
    except (struct.error, IndexError, OverflowError) as cause:
        raise MalformedBinary(
            f"an ELF record reaches beyond the end of the file ({cause})"
        ) from cause


class _Parser:
    """State of one parse: the data, its layout, its segments."""

    def __init__(self, data: Buffer) -> None:
        ident = bytes(data[:_IDENT_SIZE])
        if len(ident) < _IDENT_SIZE or not ident.startswith(MAGIC):
            raise MalformedBinary("the ELF identification is cut off")
        if ident[4] not in _CLASSES or ident[5] not in _BYTE_ORDERS:
            raise MalformedBinary(f"unknown ELF class or byte order ({ident[4]}, {ident[5]})")
        self.data = data
        self.bits = _CLASSES[ident[4]]
        self.order = _BYTE_ORDERS[ident[5]]
        self.layout = LAYOUTS[self.bits, self.order]
        header = self.layout.header.unpack_from(data, _IDENT_SIZE)
        self.type, self.machine, _, _, phoff, _, self.flags, _, phentsize, phnum = header[:10]
        self.segments = tuple(self._segments(phoff, phentsize, phnum))
        self.loaded = tuple(s for s in self.segments if s.type == SegmentType.LOAD)

    def parse(self) -> ElfObject:
        entries = self._dynamic_entries()
        single = dict(reversed(entries))
        tables = self._tables(single)
        strings = StringTable(
            bytes(self.data[tables.strings : tables.strings + tables.strings_size])
        )

        def names(tag: DynamicTag) -> tuple[str, ...]:
            return tuple(strings.at(value) for key, value in entries if key == tag)

        def paths(tag: DynamicTag) -> tuple[str, ...]:
            return tuple(names(tag)[0].split(":")) if tag in single else ()

        return ElfObject(
            bits=self.bits,
            byte_order=self.order,
            type=self.type,
            machine=self.machine,
            architecture=self._architecture(),
            interpreter=self._interpreter(),
            needed=names(DynamicTag.NEEDED),
            soname=next(iter(names(DynamicTag.SONAME)), None),
            rpath=paths(DynamicTag.RPATH),
            runpath=paths(DynamicTag.RUNPATH),
            version_needs=tuple(self._version_needs(single, strings)),
            executable_stack=self._executable_stack(),
            text_relocations=DynamicTag.TEXTREL in single
            or bool(single.get(DynamicTag.FLAGS, 0) & _DF_TEXTREL),
            relative_relocations=DynamicTag.RELR in single,
            load_alignment=min((max(s.align, 1) for s in self.loaded), default=0),
            isa_level=self._isa_level(),
            is_dynamic=bool(entries),
            tables=tables,
        )

    def _segments(self, offset: int, entry_size: int, count: int) -> Iterator[Segment]:
        if count and entry_size < self.layout.segment.size:
            raise MalformedBinary(f"program headers of {entry_size} bytes are too short")
        if count > _MOST_SEGMENTS:
            raise MalformedBinary(f"{count} program headers are more than a loader takes")
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
        """The file offset of what the loader would map at ``address``."""
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
        return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")

    def _version_needs(self, single: dict[int, int], strings: StringTable) -> Iterator[VersionNeed]:
        if not single.get(DynamicTag.VERNEED):
            return
        need = struct.Struct(self.order + "HHIII")
        auxiliary = struct.Struct(self.order + "IHHII")
        at = self._offset(single[DynamicTag.VERNEED])
        budget = len(self.data) // auxiliary.size
        for _ in range(min(single.get(DynamicTag.VERNEEDNUM, 0), budget)):
            _, count, file_name, first, following = need.unpack_from(self.data, at)
            library = strings.at(file_name)
            aux_at = at + first
            for _ in range(count):
                budget -= 1
                if budget < 0:
                    raise MalformedBinary("the version needs overlap one another")
                _, _, index, name, aux_following = auxiliary.unpack_from(self.data, aux_at)
                yield VersionNeed(library, strings.at(name), index)
                aux_at += aux_following
            if not following:
                return
            at += following

    def _executable_stack(self) -> bool:
        segment = self._first(SegmentType.GNU_STACK)
        if segment is not None:
            return bool(segment.flags & _PF_X)
        # Without the marker the loader takes the architecture's default, which
        # is an executable stack on x86 (glibc: DEFAULT_STACK_PERMS).
        return self.type == ElfType.SHARED and self._architecture() in ("i686", "x86_64")

    def _architecture(self) -> str | None:
        name = _ARCHITECTURES.get((self.machine, self.bits, self.order))
        if name == "armv7l" and (
            self.flags & _EF_ARM_EABI_MASK != _EF_ARM_EABI_VER5
            or not self.flags & _EF_ARM_ABI_FLOAT_HARD
        ):
            return None
        return name

    def _isa_level(self) -> int:
        if self._architecture() != "x86_64":
            return 1
        for segment in self.segments:
            if segment.type in (SegmentType.GNU_PROPERTY, SegmentType.NOTE):
                bits = self._isa_needed(segment)
                if bits:
                    return bits.bit_length()
        return 1

    def _isa_needed(self, segment: Segment) -> int:
        """The ISA bit mask of a note segment: bit n set, level n + 1 needed."""
        size = min(segment.file_size, _MOST_NOTE_BYTES)
        raw = bytes(self.data[segment.offset : segment.offset + size])
        word = struct.Struct(self.order + "III")
        at = 0
        while at + word.size <= len(raw):
            name_size, size, kind = word.unpack_from(raw, at)
            name_at = at + word.size
            at = name_at + (name_size + 3 & ~3)
            if kind == _NT_GNU_PROPERTY_TYPE_0 and raw[name_at : name_at + 4] == b"GNU\0":
                return self._isa_property(raw[at : at + size])
            at += size + 3 & ~3
        return 0

    def _isa_property(self, description: bytes) -> int:
        head = struct.Struct(self.order + "II")
        at = 0
        while at + head.size <= len(description):
            kind, size = head.unpack_from(description, at)
            at += head.size
            if kind == _GNU_PROPERTY_X86_ISA_1_NEEDED and size == 4:
                value: int = struct.unpack_from(self.order + "I", description, at)[0]
                return value
            at += size + 7 & ~7
        return 0


def find_libc(elf: ElfObject) -> str | None:
    """The C library an object asks for, by what it needs and what loads it."""
    if any(name.startswith("libc.musl-") or name == "libc.so" for name in elf.needed):
        return "musl"
    if "ld-musl" in (elf.interpreter or ""):
        return "musl"
    if "libc.so.6" in elf.needed or any(
        need.version.startswith("GLIBC_") for need in elf.version_needs
    ):
        return "glibc"
    return None
