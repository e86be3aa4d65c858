"""The memory of a 64-bit little-endian ELF object, laid out as its loader does at address 0.

Pointers that the loader writes (relocations) are resolved where they lead into
the object itself. Sources: gABI, "Relocation" and "Dynamic Section"; the psABIs
of x86-64 and AArch64; the ``DT_RELR`` proposal for packed relocations.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from felloe.binary.elf.layout import SegmentType
from felloe.binary.elf.reader import Buffer, parse_elf
from felloe.binary.elf.symbols import SymbolTable
from felloe.errors import MalformedBinary

_X86_64, _AARCH64 = 62, 183
_ABSOLUTE = {(_X86_64, 1), (_X86_64, 6), (_X86_64, 7)} | {
    (_AARCH64, kind) for kind in (257, 1025, 1026)
}
"""Relocations that write the address of a symbol, plus the addend."""
_RELATIVE = {(_X86_64, 8), (_AARCH64, 1027)}
_INDIRECT = {(_X86_64, 37), (_AARCH64, 1032)}
"""Relocations that write what a resolver function returns (``IRELATIVE``)."""
_STRTAB, _SYMTAB, _RELA, _RELA_SIZE, _INIT = 5, 6, 7, 8, 12
_PLT_SIZE, _PLT, _INIT_ARRAY, _INIT_ARRAY_SIZE, _RELR_SIZE, _RELR = 2, 23, 25, 27, 35, 36
_IFUNC, _FUNCTION = 10, 2
_PF_X, _PF_W = 1, 2
_MOST_RELATIVE = 1 << 24


class Region(NamedTuple):
    """A loaded segment."""

    address: int
    size: int
    """Bytes in memory; those beyond the file's are zero."""
    offset: int
    file_size: int
    flags: int


class Symbol(NamedTuple):
    """A dynamic symbol."""

    name: str
    address: int
    """0 for one that another object defines."""
    type: int

    @property
    def is_ifunc(self) -> bool:
        return self.type == _IFUNC


class LoadedObject:
    """The memory of one object. Raises :class:`MalformedBinary` for any other kind of file."""

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self.elf = parse_elf(data)
        try:
            self._read()
        except (struct.error, IndexError, OverflowError, ValueError) as cause:
            raise MalformedBinary(f"an ELF table reaches out of the file ({cause})") from cause

    def _read(self) -> None:
        head = struct.unpack_from("<4sBB10xHHIQQQIHHH", self._data)
        if head[:3] != (b"\x7fELF", 2, 1):
            raise MalformedBinary("only 64-bit little-endian ELF files are laid out")
        self.machine, offset, size, count = head[4], head[7], head[11], head[12]
        entries = [
            struct.unpack_from("<IIQQQQQQ", self._data, offset + at * size) for at in range(count)
        ]
        self.regions = sorted(
            Region(address, memory, place, file_size, flags)
            for kind, flags, place, address, _, file_size, memory, _ in entries
            if kind == SegmentType.LOAD
        )
        self._starts = [region.address for region in self.regions]
        dynamic = next((e for e in entries if e[0] == SegmentType.DYNAMIC), None)
        table = self._data[dynamic[2] : dynamic[2] + dynamic[5] // 16 * 16] if dynamic else b""
        self._dynamic: dict[int, int] = {}
        for tag, value in struct.iter_unpack("<QQ", table):
            if not tag:
                break
            self._dynamic.setdefault(tag, value)
        self.pointers: dict[int, int] = {}
        """Address of a pointer -> the address in this object that the loader writes there."""
        self.imports: dict[int, str] = {}
        """Address of a pointer -> the symbol of another object that the loader writes there."""
        self.indirect: set[int] = set()
        """Addresses of pointers that a resolver function fills."""
        self._relocate()

    def region_at(self, address: int) -> Region | None:
        """Return the segment that holds an address."""
        at = bisect_right(self._starts, address) - 1
        region = self.regions[at] if at >= 0 else None
        return region if region and address < region.address + region.size else None

    def is_code(self, address: int) -> bool:
        """Return whether an address can be executed."""
        region = self.region_at(address)
        return region is not None and bool(region.flags & _PF_X)

    def is_writable(self, address: int) -> bool:
        """Return whether an address can be written: it holds a variable."""
        region = self.region_at(address)
        return region is not None and bool(region.flags & _PF_W)

    def read(self, address: int, size: int) -> bytes:
        """Return at most ``size`` bytes of the file from an address on."""
        region = self.region_at(address)
        if region is None:
            return b""
        begin = address - region.address
        end = min(begin + size, region.file_size)
        return bytes(self._data[region.offset + begin : region.offset + end])

    def symbols(self) -> Iterator[Symbol]:
        """Yield the dynamic symbols that are functions, each once."""
        for index in range(1, SymbolTable(self._data, self.elf).count()):
            found = self._symbol(index)
            if found.type in (_FUNCTION, _IFUNC):
                yield found

    def constructors(self) -> list[int]:
        """Return the functions that the loader calls: ``DT_INIT`` and ``DT_INIT_ARRAY``."""
        found = [self._dynamic[_INIT]] if self._dynamic.get(_INIT) else []
        start, size = self._dynamic.get(_INIT_ARRAY, 0), self._dynamic.get(_INIT_ARRAY_SIZE, 0)
        for at in range(start, start + size - size % 8, 8):
            target = self.pointers.get(at)
            if target is None:
                target = int.from_bytes(self.read(at, 8), "little")
            found.append(target)
        return [address for address in found if self.is_code(address)]

    def _relocate(self) -> None:
        for table, length in ((_RELA, _RELA_SIZE), (_PLT, _PLT_SIZE)):
            address, size = self._dynamic.get(table, 0), self._dynamic.get(length, 0)
            raw = self.read(address, size - size % 24) if address else b""
            for place, info, addend in struct.iter_unpack("<QQq", raw[: len(raw) // 24 * 24]):
                self._apply(place, info & 0xFFFFFFFF, info >> 32, addend)
        for place in self._packed():
            value = self.read(place, 8)
            if len(value) == 8:
                self.pointers[place] = int.from_bytes(value, "little")

    def _apply(self, place: int, kind: int, symbol: int, addend: int) -> None:
        key = (self.machine, kind)
        if key in _RELATIVE:
            self.pointers[place] = addend
        elif key in _INDIRECT:
            self.indirect.add(place)
        elif key in _ABSOLUTE:
            found = self._symbol(symbol)
            if found.is_ifunc:
                self.indirect.add(place)
            elif found.address:
                self.pointers[place] = found.address + addend
            elif found.name:
                self.imports[place] = found.name

    def _packed(self) -> Iterator[int]:
        """Yield the places of ``DT_RELR``: addresses, and bitmaps of the words that follow."""
        address, size = self._dynamic.get(_RELR, 0), self._dynamic.get(_RELR_SIZE, 0)
        raw = self.read(address, size) if address else b""
        base, found = 0, 0
        for (entry,) in struct.iter_unpack("<Q", raw[: len(raw) // 8 * 8]):
            if not entry & 1:
                yield entry
                base, found = entry + 8, found + 1
            else:
                bits = entry >> 1
                for at in range(63):
                    if bits >> at & 1:
                        yield base + 8 * at
                base, found = base + 63 * 8, found + 63
            if found > _MOST_RELATIVE:
                raise MalformedBinary("the packed relocations are more than any object has")

    def _symbol(self, index: int) -> Symbol:
        raw = self.read(self._dynamic.get(_SYMTAB, 0) + 24 * index, 24)
        if len(raw) < 24:
            raise MalformedBinary("a relocation names a symbol outside of the table")
        name, info, _, section, value, _ = struct.unpack("<IBBHQQ", raw)
        text = self._name(name)
        return Symbol(text, value if section else 0, info & 0xF)

    def _name(self, offset: int) -> str:
        raw = self.read(self._dynamic.get(_STRTAB, 0) + offset, 512)
        return raw.partition(b"\0")[0].decode("utf-8", "replace")
