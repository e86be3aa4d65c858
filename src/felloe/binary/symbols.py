"""The dynamic symbols of an ELF object.

Two tricks carry the speed. ``DT_GNU_HASH`` says where the defined symbols
begin, so what an object imports is a short prefix of a table that may hold
tens of thousands; and a defined name is found through the hash, as ``dlsym``
would. Sources: gABI "Symbol Table" and "Hash Table", the LSB for
``.gnu.version``; the GNU hash layout is documented in the binutils sources.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from felloe.binary.elf import Buffer, ElfObject
from felloe.binary.layout import LAYOUTS
from felloe.binary.strings import StringTable
from felloe.errors import MalformedBinary

_SHN_UNDEF = 0
_STB_WEAK = 2
_VERSION_MASK = 0x7FFF


class Import(NamedTuple):
    """An undefined symbol. A weak one may stay unresolved."""

    name: str
    weak: bool


class SymbolTable:
    """The dynamic symbol table of ``elf``, whose file is ``data``.

    Every method raises :class:`MalformedBinary` where a table leads out of the file.
    """

    def __init__(self, data: Buffer, elf: ElfObject) -> None:
        self._data = data
        self._elf = elf
        self._layout = LAYOUTS[elf.bits, elf.byte_order]
        tables = elf.tables
        self._strings = StringTable(
            bytes(data[tables.strings : tables.strings + tables.strings_size])
        )

    def mentions(self, text: bytes) -> bool:
        """Whether any dynamic string contains ``text``: a cheap first question."""
        return text in self._strings

    def imports(self) -> Iterator[Import]:
        """Every undefined symbol, in table order."""
        for name, weak, _ in self._undefined():
            yield Import(self._strings.at(name), weak)

    def imports_beginning(self, *prefixes: bytes) -> Iterator[Import]:
        """The undefined symbols whose names begin with one of ``prefixes``."""
        for name, weak, _ in self._undefined():
            if self._strings.begins(name, prefixes):
                yield Import(self._strings.at(name), weak)

    def imports_named(self, names: AbstractSet[str]) -> tuple[Import, ...]:
        """The undefined symbols among ``names``."""
        if not any(name.encode() in self._strings for name in names):
            return ()
        return tuple(symbol for symbol in self.imports() if symbol.name in names)

    def imports_of_versions(self, numbers: AbstractSet[int]) -> dict[int, tuple[str, ...]]:
        """The names of undefined symbols by version number, for these numbers."""
        at = self._elf.tables.symbol_versions
        if not numbers or not at:
            return {}
        count = self._import_bound()
        versions = _unpack(f"{self._elf.byte_order}{count}H", self._data, at)
        found: dict[int, list[str]] = {}
        for position, (name, _, _) in self._undefined_at():
            number = versions[position] & _VERSION_MASK
            if number in numbers:
                found.setdefault(number, []).append(self._strings.at(name))
        return {number: tuple(sorted(names)) for number, names in found.items()}

    def defines(self, name: str) -> bool:
        """Whether ``dlsym`` would find ``name`` in this object."""
        if name.encode() not in self._strings:
            return False
        if self._elf.tables.gnu_hash:
            return self._defines_by_hash(name)
        return any(defined == name for defined in self.definitions())

    def definitions(self) -> Iterator[str]:
        """Every defined symbol's name, in table order."""
        for name, _, section in self._records(self._count()):
            if section != _SHN_UNDEF:
                yield self._strings.at(name)

    def definitions_beginning(self, *prefixes: bytes) -> Iterator[str]:
        """The defined symbols whose names begin with one of ``prefixes``."""
        for name, _, section in self._records(self._count()):
            if section != _SHN_UNDEF and self._strings.begins(name, prefixes):
                yield self._strings.at(name)

    def _undefined(self) -> Iterator[tuple[int, bool, int]]:
        records = self._records(self._import_bound())
        next(records, None)  # the first is no symbol
        return (record for record in records if record[2] == _SHN_UNDEF)

    def _undefined_at(self) -> Iterator[tuple[int, tuple[int, bool, int]]]:
        for position, record in enumerate(self._records(self._import_bound())):
            if position and record[2] == _SHN_UNDEF:
                yield position, record

    def _records(self, count: int) -> Iterator[tuple[int, bool, int]]:
        """(name offset, is weak, section index) of the first ``count`` symbols."""
        at, size = self._elf.tables.symbols, self._layout.symbol.size
        if not at or not count:
            return
        if at + count * size > len(self._data):
            raise MalformedBinary("the symbol table reaches beyond the end of the file")
        table = self._data[at : at + count * size]
        if self._elf.bits == 64:
            for name, info, _, section, _, _ in self._layout.symbol.iter_unpack(table):
                yield name, info >> 4 == _STB_WEAK, section
        else:
            for name, _, _, info, _, section in self._layout.symbol.iter_unpack(table):
                yield name, info >> 4 == _STB_WEAK, section

    def _import_bound(self) -> int:
        """How many symbols to read to have seen every undefined one."""
        if self._elf.tables.gnu_hash:
            return self._gnu_hash_head()[1]
        return self._count()

    def _gnu_hash_head(self) -> tuple[int, int, int, int]:
        """(buckets, first hashed symbol, bloom words, bloom shift)."""
        head = _unpack(f"{self._elf.byte_order}4I", self._data, self._elf.tables.gnu_hash)
        return head[0], head[1], head[2], head[3]

    def _count(self) -> int:
        """The number of symbols; the dynamic section states it only through the hashes."""
        tables = self._elf.tables
        if tables.sysv_hash:
            count: int = _unpack(f"{self._elf.byte_order}2I", self._data, tables.sysv_hash)[1]
            return count
        if tables.gnu_hash:
            return self._gnu_hash_count()
        # No hash at all: linkers put the strings right after the symbols.
        return max(tables.strings - tables.symbols, 0) // self._layout.symbol.size

    def _gnu_hash_tables(self) -> tuple[tuple[int, ...], int, int]:
        """(buckets, offset of the chains, first hashed symbol)."""
        bucket_count, first, bloom_count, _ = self._gnu_hash_head()
        buckets_at = self._elf.tables.gnu_hash + 16 + bloom_count * self._elf.bits // 8
        buckets = _unpack(f"{self._elf.byte_order}{bucket_count}I", self._data, buckets_at)
        return buckets, buckets_at + 4 * bucket_count, first

    def _gnu_hash_count(self) -> int:
        buckets, chains_at, first = self._gnu_hash_tables()
        last = max(buckets, default=0)
        if last < first:
            return first
        while not self._word(chains_at + 4 * (last - first)) & 1:
            last += 1
        return last + 1

    def _defines_by_hash(self, name: str) -> bool:
        buckets, chains_at, first = self._gnu_hash_tables()
        if not buckets:
            return False
        wanted = gnu_hash(name)
        position = buckets[wanted % len(buckets)]
        if position < first:
            return False
        while True:
            found = self._word(chains_at + 4 * (position - first))
            if found | 1 == wanted | 1 and self._name_of(position) == name:
                return True
            if found & 1:
                return False
            position += 1

    def _name_of(self, position: int) -> str:
        at = self._elf.tables.symbols + position * self._layout.symbol.size
        return self._strings.at(self._word(at))

    def _word(self, at: int) -> int:
        return _unpack(f"{self._elf.byte_order}I", self._data, at)[0]


def gnu_hash(name: str) -> int:
    """The 32-bit hash that ``DT_GNU_HASH`` files ``name`` under."""
    value = 5381
    for byte in name.encode():
        value = value * 33 + byte & 0xFFFFFFFF
    return value


def _unpack(form: str, data: Buffer, at: int) -> tuple[int, ...]:
    size = struct.calcsize(form)
    if at + size > len(data):
        raise MalformedBinary("a symbol hash table reaches beyond the end of the file")
    return struct.unpack_from(form, data, at)
