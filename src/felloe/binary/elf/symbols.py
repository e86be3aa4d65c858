"""The dynamic symbols of an ELF object.

``DT_GNU_HASH`` tells where the defined symbols begin, so the imports are a short
prefix of a table that may have tens of thousands of rows. A defined name is found
through the hash, as ``dlsym`` does. Sources: gABI "Symbol Table" and "Hash Table", the LSB for
``.gnu.version``; the GNU hash layout is documented in the binutils sources.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from felloe.binary.elf.layout import LAYOUTS, ElfType
from felloe.binary.elf.reader import Buffer, ElfObject
from felloe.binary.strings import StringTable
from felloe.errors import MalformedBinary

_SHN_UNDEF = 0
_STB_WEAK = 2
_VERSION_MASK = 0x7FFF
# (e_machine, bits) whose DT_HASH has 64-bit words (glibc, sysdeps/s390/bits/elfclass.h).
_WIDE_SYSV_HASH = (22, 64)


class Import(NamedTuple):
    """An undefined symbol. A weak one may stay unresolved."""

    name: str
    weak: bool


class _HashHead(NamedTuple):
    """The header of ``DT_GNU_HASH``."""

    size: int
    """Number of buckets."""
    first: int
    """The first symbol that may be listed."""
    buckets: int
    """File offset."""
    chains: int
    """File offset."""


class SymbolTable:
    """The dynamic symbol table of ``elf``, whose file is ``data``.

    Every method raises :class:`MalformedBinary` if a table leads out of the file.
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
        """Tell whether any dynamic string contains ``text``. This is cheap."""
        return text in self._strings

    def imports(self) -> Iterator[Import]:
        """Yield every undefined symbol, in table order."""
        for name, weak, _ in self._undefined():
            yield Import(self._strings.at(name), weak)

    def imports_beginning(self, *prefixes: bytes) -> Iterator[Import]:
        """Yield the undefined symbols whose names begin with one of ``prefixes``."""
        for name, weak, _ in self._undefined():
            if self._strings.begins(name, prefixes):
                yield Import(self._strings.at(name), weak)

    def imports_named(self, names: AbstractSet[str]) -> tuple[Import, ...]:
        """Return the undefined symbols among ``names``."""
        if not any(name.encode() in self._strings for name in names):
            return ()
        return tuple(symbol for symbol in self.imports() if symbol.name in names)

    def imports_of_versions(self, numbers: AbstractSet[int]) -> dict[int, tuple[str, ...]]:
        """Return the names of undefined symbols by version number, for these numbers."""
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
        """Tell whether ``dlsym`` would find ``name`` in this object."""
        if name.encode() not in self._strings:
            return False
        if self._elf.tables.gnu_hash:
            return self._defines_by_hash(name)
        return any(defined == name for defined in self.definitions())

    def definitions(self) -> Iterator[str]:
        """Yield the name of every defined symbol, in table order."""
        for name, _, section in self._records(self.count()):
            if section != _SHN_UNDEF:
                yield self._strings.at(name)

    def definitions_beginning(self, *prefixes: bytes) -> Iterator[str]:
        """Yield the defined symbols whose names begin with one of ``prefixes``."""
        for name, _, section in self._records(self.count()):
            if section != _SHN_UNDEF and self._strings.begins(name, prefixes):
                yield self._strings.at(name)

    def _undefined(self) -> Iterator[tuple[int, bool, int]]:
        records = self._records(self._import_bound())
        next(records, None)  # the first entry is not a symbol
        return (record for record in records if record[2] == _SHN_UNDEF)

    def _undefined_at(self) -> Iterator[tuple[int, tuple[int, bool, int]]]:
        for position, record in enumerate(self._records(self._import_bound())):
            if position and record[2] == _SHN_UNDEF:
                yield position, record

    def _records(self, count: int) -> Iterator[tuple[int, bool, int]]:
        """Yield (name offset, is weak, section index) of the first ``count`` symbols."""
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
        """Return the number of symbols to read in order to see every undefined one.

        The GNU hash of a library lists no undefined symbol. That of a program may
        list those whose address is taken (binutils, ``elf_hash_symbol``), and an
        empty one does not tell where the symbols end.
        """
        is_program = self._elf.type == ElfType.EXECUTABLE or self._elf.interpreter is not None
        if self._elf.tables.gnu_hash and not is_program and any(self._buckets()):
            return self._gnu_hash_head().first
        return self.count()

    def count(self) -> int:
        """Return the number of symbols; the dynamic section states it only through the hashes."""
        tables = self._elf.tables
        last = max(self._buckets(), default=0) if tables.gnu_hash else 0
        if last:
            return self._end_of_chain(last) + 1
        if tables.sysv_hash:
            wide = (self._elf.machine, self._elf.bits) == _WIDE_SYSV_HASH
            form = f"{self._elf.byte_order}2{'Q' if wide else 'I'}"
            return _unpack(form, self._data, tables.sysv_hash)[1]
        # No hash, or none with a symbol in it: up to the table that comes next.
        others = (tables.strings, tables.gnu_hash, tables.symbol_versions)
        end = min((other for other in others if other > tables.symbols), default=tables.symbols)
        return (end - tables.symbols) // self._layout.symbol.size

    def _gnu_hash_head(self) -> _HashHead:
        at, order = self._elf.tables.gnu_hash, self._elf.byte_order
        count, first, bloom_count, _ = _unpack(f"{order}4I", self._data, at)
        buckets = at + 16 + bloom_count * self._elf.bits // 8
        return _HashHead(count, first, buckets, buckets + 4 * count)

    def _buckets(self) -> Iterator[int]:
        head = self._gnu_hash_head()
        if head.chains > len(self._data):
            raise MalformedBinary("a symbol hash table reaches beyond the end of the file")
        table = self._data[head.buckets : head.chains]
        return (word for (word,) in struct.iter_unpack(f"{self._elf.byte_order}I", table))

    def _end_of_chain(self, position: int) -> int:
        head = self._gnu_hash_head()
        if position < head.first:
            raise MalformedBinary("a symbol hash table lists a symbol that it says it does not")
        while not self._word(head.chains + 4 * (position - head.first)) & 1:
            position += 1
        return position

    def _defines_by_hash(self, name: str) -> bool:
        head = self._gnu_hash_head()
        wanted = gnu_hash(name)
        position = self._word(head.buckets + 4 * (wanted % head.size)) if head.size else 0
        if position < head.first:
            return False
        while True:
            found = self._word(head.chains + 4 * (position - head.first))
            if found | 1 == wanted | 1 and self._is_definition(position, name):
                return True
            if found & 1:
                return False
            position += 1

    def _is_definition(self, position: int, name: str) -> bool:
        at, form = self._elf.tables.symbols, self._layout.symbol
        if at + (position + 1) * form.size > len(self._data):
            raise MalformedBinary("the symbol table reaches beyond the end of the file")
        record = form.unpack_from(self._data, at + position * form.size)
        section = record[3] if self._elf.bits == 64 else record[5]
        return bool(section != _SHN_UNDEF) and self._strings.at(record[0]) == name

    def _word(self, at: int) -> int:
        return _unpack(f"{self._elf.byte_order}I", self._data, at)[0]


def gnu_hash(name: str) -> int:
    """Return the 32-bit hash of ``name`` in ``DT_GNU_HASH``."""
    value = 5381
    for byte in name.encode():
        value = value * 33 + byte & 0xFFFFFFFF
    return value


def _unpack(form: str, data: Buffer, at: int) -> tuple[int, ...]:
    size = struct.calcsize(form)
    if at + size > len(data):
        raise MalformedBinary("a symbol hash table reaches beyond the end of the file")
    return struct.unpack_from(form, data, at)
