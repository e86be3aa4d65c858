"""Read the pointers of an ELF file that are relative to its load address.

Static tables such as ``PyModuleDef`` reach memory through them. Sources: gABI
"Relocation" and "RELR Relocation Sections"; the relocation types are the
processor supplements'.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from felloe.binary.elf.layout import IDENT_SIZE, LAYOUTS, SegmentType
from felloe.binary.elf.reader import Buffer, ElfObject

_RELA, _RELASZ, _REL, _RELSZ, _RELRSZ, _RELR = 7, 8, 17, 18, 35, 36
_RELATIVE = {3: 8, 21: 22, 22: 12, 40: 23, 62: 8, 183: 1027, 243: 3, 258: 3}
"""``e_machine`` -> its ``R_*_RELATIVE``."""


class _Load(NamedTuple):
    address: int
    offset: int
    size: int


class Pointers:
    """The relative pointers of one file: where they lie, and where they lead."""

    def __init__(self, data: Buffer, elf: ElfObject) -> None:
        self._data = data
        self._order, self._wide = elf.byte_order, elf.bits == 64
        self.word_size = 8 if self._wide else 4
        self._word = struct.Struct(self._order + ("Q" if self._wide else "I"))
        self._relative = _RELATIVE.get(elf.machine)
        self._loads, dynamic = self._read_segments(elf)
        self.targets: dict[int, int] = {}
        """Address of a relative pointer -> the address that it leads to."""
        self.places: set[int] = set()
        """Addresses of all words that the loader fills in, such as pointers to symbols."""
        try:
            self.targets.update(self._read_addends(dynamic))
            self.targets.update(self._read_packed(dynamic))
        except struct.error:
            self.targets.clear()  # a table leads out of the file
        self.places.update(self.targets)

    def word(self, address: int) -> int | None:
        """Return the word at an address; None if the file has none there."""
        offset = self._offset(address)
        if offset is None or offset + self.word_size > len(self._data):
            return None
        value: int = self._word.unpack_from(self._data, offset)[0]
        return value

    def _offset(self, address: int) -> int | None:
        for load in self._loads:
            if load.address <= address < load.address + load.size:
                return load.offset + address - load.address
        return None

    def _read_segments(self, elf: ElfObject) -> tuple[list[_Load], dict[int, int]]:
        layout = LAYOUTS[elf.bits, elf.byte_order]
        header = layout.header.unpack_from(self._data, IDENT_SIZE)
        start, size, count = header[4], header[8], header[9]
        loads, dynamic = [], {}
        for index in range(count):
            record = layout.segment.unpack_from(self._data, start + index * size)
            if self._wide:
                kind, _, offset, address, _, length, _, _ = record
            else:
                kind, offset, address, _, length, _, _, _ = record
            if kind == SegmentType.LOAD:
                loads.append(_Load(address, offset, length))
            elif kind == SegmentType.DYNAMIC:
                whole = length - length % layout.dynamic.size
                entries = bytes(self._data[offset : offset + whole])
                dynamic = dict(layout.dynamic.iter_unpack(entries))
        return loads, dynamic

    def _table(self, dynamic: dict[int, int], tag: int, size_tag: int, step: int) -> bytes:
        offset = self._offset(dynamic.get(tag, -1))
        size = dynamic.get(size_tag, 0)
        if offset is None:
            return b""
        table = bytes(self._data[offset : offset + size])
        return table[: len(table) - len(table) % step]

    def _read_addends(self, dynamic: dict[int, int]) -> Iterator[tuple[int, int]]:
        mask = 0xFFFFFFFF if self._wide else 0xFF
        letter = "Q" if self._wide else "I"
        full = struct.Struct(f"{self._order}{letter * 3}")
        for address, info, addend in full.iter_unpack(
            self._table(dynamic, _RELA, _RELASZ, full.size)
        ):
            self.places.add(address)
            if info & mask == self._relative:
                yield address, addend
        short = struct.Struct(f"{self._order}{letter * 2}")
        for address, info in short.iter_unpack(self._table(dynamic, _REL, _RELSZ, short.size)):
            self.places.add(address)
            if info & mask == self._relative:
                yield address, self.word(address) or 0

    def _read_packed(self, dynamic: dict[int, int]) -> Iterator[tuple[int, int]]:
        size, base = self.word_size, 0
        for (entry,) in self._word.iter_unpack(self._table(dynamic, _RELR, _RELRSZ, size)):
            if entry & 1 == 0:
                yield entry, self.word(entry) or 0
                base = entry + size
                continue
            for bit in range(size * 8 - 1):
                if entry >> (bit + 1) & 1:
                    address = base + bit * size
                    yield address, self.word(address) or 0
            base += (size * 8 - 1) * size
