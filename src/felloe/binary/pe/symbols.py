"""The names that a PE image imports from a DLL, and those that it exports.

Source: Microsoft's "PE Format", sections "The .idata Section" and "The .edata
Section".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from felloe.binary.elf.reader import Buffer
from felloe.binary.pe.reader import DllImport, PeImage
from felloe.binary.strings import NameReader, decode_name
from felloe.errors import MalformedBinary

_HINT_SIZE = 2
# A DLL has at most 65535 exports; this is the number for two DLLs.
_MOST_IMPORTS = 1 << 17


class PeSymbolTable:
    """The imports and exports of ``image``, whose file is ``data``.

    Every method raises :class:`MalformedBinary` where a table leads out of the file.
    """

    def __init__(self, data: Buffer, image: PeImage) -> None:
        self._data = data
        self._image = image
        self._names = NameReader(data)
        self._budget = _MOST_IMPORTS

    def imports_from(self, dll: DllImport) -> Iterator[str]:
        """Yield the names that are imported from a DLL, without imports by number."""
        if not dll.names:
            return
        thunk = struct.Struct("<Q" if self._image.bits == 64 else "<I")
        by_number = 1 << self._image.bits - 1
        at = dll.names
        while True:
            self._budget -= 1
            if self._budget < 0 or at + thunk.size > len(self._data):
                raise MalformedBinary(f"the names imported from {dll.name} do not end")
            (entry,) = thunk.unpack_from(self._data, at)
            if not entry:
                return
            if not entry & by_number:
                place = self._image.sections.offset(entry & 0x7FFFFFFF)
                yield self._names.at(place + _HINT_SIZE)
            at += thunk.size

    def exports(self, name: str) -> bool:
        """Return whether ``GetProcAddress`` would find ``name``, by a binary search as it does."""
        low, high = 0, self._image.exports.size if self._image.exports else 0
        wanted = name.encode()
        while low < high:
            middle = (low + high) // 2
            found = self._export(middle)
            if found == wanted:
                return True
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return False

    def exports_beginning(self, prefix: str) -> Iterator[str]:
        """Yield the exported names that begin with ``prefix``. They are adjacent in the table."""
        low, high = 0, self._image.exports.size if self._image.exports else 0
        count, wanted = high, prefix.encode()
        while low < high:
            middle = (low + high) // 2
            if self._export(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        for position in range(low, count):
            found = self._export(position)
            if not found.startswith(wanted):
                return
            yield decode_name(found)

    def _export(self, position: int) -> bytes:
        exports = self._image.exports
        if exports is None:
            raise IndexError(position)
        (address,) = struct.unpack_from("<I", self._data, exports.names + 4 * position)
        return self._names.raw_at(self._image.sections.offset(address))
