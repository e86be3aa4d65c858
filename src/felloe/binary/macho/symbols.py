"""The imported and exported symbols of a Mach-O image.

Imports are the undefined symbols of the symbol table. An export is looked up
in the exports trie, as ``dlsym`` does, or in the symbol table of an image that
has none. C names have an underscore in front, which is left out here. Sources:
``mach-o/nlist.h``, ``mach-o/loader.h`` (``dyld_info_command``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from felloe.binary.elf.reader import Buffer
from felloe.binary.macho.reader import MachoSlice
from felloe.binary.strings import StringTable
from felloe.errors import MalformedBinary

_N_STAB, _N_TYPE, _N_EXT = 0xE0, 0x0E, 0x01
_N_WEAK_REF = 0x40
_PREFIX = "_"

SELF_LIBRARY = 0
FLAT_LOOKUP = -2
"""Library ordinals that name no library: the image itself, and any image with the symbol."""
_SPECIAL_ORDINALS = {0xFD: -3, 0xFE: FLAT_LOOKUP, 0xFF: -1}

_TRIE_SLACK = 1 << 16


class MachoImport(NamedTuple):
    """An undefined symbol. A weak one may stay unresolved."""

    name: str
    weak: bool
    ordinal: int
    """Position of its library in :attr:`MachoSlice.dylibs`, from 1; below 1 for none."""


class MachoSymbolTable:
    """The symbols of ``image``, a slice of the file ``data``.

    Every method raises :class:`MalformedBinary` where a table leads out of the image.
    """

    def __init__(self, data: Buffer, image: MachoSlice) -> None:
        self._image = image
        tables = image.tables
        self._record = struct.Struct(image.byte_order + ("IBBHQ" if image.bits == 64 else "IBBHI"))
        begin = image.offset + tables.symbols
        self._symbols = data[begin : begin + tables.symbol_count * self._record.size]
        begin = image.offset + tables.strings
        self._strings = StringTable(bytes(data[begin : begin + tables.strings_size]))
        begin = image.offset + tables.exports
        self._trie = bytes(data[begin : begin + tables.exports_size])

    def mentions(self, text: bytes) -> bool:
        """Return whether any name in the string table contains ``text``. This check is fast."""
        return text in self._strings

    def imports_beginning(self, *prefixes: str) -> Iterator[MachoImport]:
        """Yield the undefined symbols whose names begin with one of ``prefixes``."""
        wanted = tuple((_PREFIX + prefix).encode() for prefix in prefixes)
        first, count = self._image.tables.undefined or (0, self._image.tables.symbol_count)
        for name, kind, _, flags, value in self._records(first, count):
            is_undefined = kind & _N_EXT and not kind & (_N_STAB | _N_TYPE) and not value
            if is_undefined and self._strings.begins(name, wanted):
                ordinal = flags >> 8
                yield MachoImport(
                    self._strings.at(name)[len(_PREFIX) :],
                    bool(flags & _N_WEAK_REF),
                    _SPECIAL_ORDINALS.get(ordinal, ordinal),
                )

    def definitions_beginning(self, *prefixes: str) -> Iterator[str]:
        """Yield the exported symbols of the symbol table that begin with one of ``prefixes``."""
        wanted = tuple((_PREFIX + prefix).encode() for prefix in prefixes)
        for name, kind, _, _, _ in self._records(0, self._image.tables.symbol_count):
            is_defined = kind & _N_EXT and kind & _N_TYPE and not kind & _N_STAB
            if is_defined and self._strings.begins(name, wanted):
                yield self._strings.at(name)[len(_PREFIX) :]

    def defines(self, name: str) -> bool:
        """Return whether ``dlsym`` would find ``name`` in this image."""
        if self._trie:
            return _is_in_trie(self._trie, (_PREFIX + name).encode())
        return name in self.definitions_beginning(name)

    def _records(self, first: int, count: int) -> Iterator[tuple[int, int, int, int, int]]:
        size = self._record.size
        return self._record.iter_unpack(self._symbols[first * size : (first + count) * size])


def _is_in_trie(trie: bytes, name: bytes) -> bool:
    """Follow ``name`` through a trie whose edges are labelled with parts of names.

    A node is the size of its own entry, the entry, the number of its edges, and
    for each a label that ends with NUL and the offset of the node behind it.
    """
    budget = len(trie) + _TRIE_SLACK
    node, rest = 0, name
    while True:
        size, at = _read_uleb(trie, node)
        if not rest:
            return size > 0
        at += size
        if at >= len(trie):
            raise MalformedBinary("the exports trie leads out of itself")
        edges, at = trie[at], at + 1
        begin = at
        for _ in range(edges):
            end = trie.find(b"\0", at)
            if end < 0:
                raise MalformedBinary("a label of the exports trie does not end")
            label = trie[at:end] if end - at <= len(rest) else None
            node, at = _read_uleb(trie, end + 1)
            if label and rest.startswith(label):
                rest = rest[len(label) :]
                break
        else:
            return False
        budget -= at - begin
        if budget < 0:
            raise MalformedBinary("the exports trie leads back into itself")


def _read_uleb(data: bytes, at: int) -> tuple[int, int]:
    """Return a number in ULEB128 and the offset of its end."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            raise MalformedBinary("the exports trie leads out of itself")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise MalformedBinary("a number of the exports trie does not end")
