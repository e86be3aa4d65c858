"""A PE file that is open for changes: its headers, sections and data directories.

Source: Microsoft's "PE Format" specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from felloe.errors import FelloeError, MalformedBinary

_SECTION = struct.Struct("<8sIIIIIIHHI")
_SECTION_NAME = b".felloe"
_READ_ONLY_DATA = 0x40000040
"""``IMAGE_SCN_MEM_READ | IMAGE_SCN_CNT_INITIALIZED_DATA``."""
_MEANINGFUL = 0xE2000060
"""Read, write, execute, discardable, code, initialized data."""
_CHECKSUM = 64
_SECURITY = 4
_MOST_SECTIONS = 96


class Section(NamedTuple):
    """A section header; all numbers in bytes."""

    name: bytes
    memory_size: int
    address: int
    file_size: int
    offset: int
    flags: int
    at: int
    """The offset of this header in the file."""


class Image:
    """The bytes of a PE file and the numbers in its headers."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        (start,) = self.read("<I", 60)
        self.file_header = start + 4
        self.optional = start + 24
        self.bits = 64 if self.read("<H", self.optional)[0] == 0x20B else 32
        self.directories = self.optional + (112 if self.bits == 64 else 96)
        (count,) = self.read("<H", self.file_header + 2)
        (size,) = self.read("<H", self.file_header + 16)
        self.table = self.optional + size
        self.sections = [self._read_section(self.table + 40 * at) for at in range(count)]

    def read(self, form: str, at: int) -> tuple[int, ...]:
        """Return the numbers at an offset. Raises :class:`struct.error` past the end."""
        return struct.unpack_from(form, self.data, at)

    def write(self, form: str, at: int, *values: int) -> None:
        """Overwrite numbers at an offset."""
        struct.pack_into(form, self.data, at, *values)

    def directory(self, which: int) -> tuple[int, int]:
        """Return the address and the size of a data directory; zeros if there is none."""
        (count,) = self.read("<I", self.directories - 4)
        if which >= count:
            return 0, 0
        address, size = self.read("<II", self.directories + 8 * which)
        return address, size

    def clear_directory(self, which: int) -> None:
        """Remove a data directory; its bytes stay."""
        if self.directory(which) != (0, 0):
            self.write("<II", self.directories + 8 * which, 0, 0)

    def drop_certificates(self) -> None:
        """Remove the Authenticode signature, which an edit makes invalid.

        Raises :class:`FelloeError` where it does not end the file.
        """
        offset, size = self.directory(_SECURITY)
        if not offset:
            return
        if offset + size < len(self.data) - 7:
            raise FelloeError("bytes follow the Authenticode signature, which has to be removed")
        del self.data[offset:]
        self.clear_directory(_SECURITY)

    def place(self, content: bytes) -> int:
        """Put read-only bytes into the image and return their address."""
        for section in self.sections:
            address = self._place_in(section, content)
            if address is not None:
                return address
        return self._add_section(content)

    def write_checksum(self) -> None:
        """Write the checksum of the optional header, as ``CheckSumMappedFile`` computes it."""
        at = self.optional + _CHECKSUM
        self.write("<I", at, 0)
        data = bytes(self.data) + bytes(-len(self.data) % 2)
        total = sum(memoryview(data).cast("H"))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        self.write("<I", at, total + len(self.data))

    def _place_in(self, section: Section, content: bytes) -> int | None:
        """Use the zero bytes that pad a section of read-only data in the file."""
        if section.flags & _MEANINGFUL != _READ_ONLY_DATA or not section.memory_size:
            return None
        start, end = section.offset + section.memory_size, section.offset + section.file_size
        is_free = start + len(content) < end <= len(self.data) and not any(self.data[start:end])
        if not is_free or section.address + section.file_size > self._next_address(section):
            return None
        self.data[start : start + len(content)] = content
        self.write("<I", section.at + 8, section.memory_size + len(content))
        return section.address + section.memory_size

    def _next_address(self, section: Section) -> int:
        later = [item.address for item in self.sections if item.address > section.address]
        return min(later, default=1 << 31)

    def _add_section(self, content: bytes) -> int:
        """Append a section that holds ``content``."""
        at = self.table + 40 * len(self.sections)
        first = min((item.offset for item in self.sections if item.offset), default=0)
        if at + 40 > first or any(self.data[at : at + 40]) or len(self.sections) >= _MOST_SECTIONS:
            raise FelloeError("the header of the PE file has no room for another section")
        if self._overlay_size():
            raise FelloeError(
                "bytes follow the last section of the PE file: it may be a self-extracting archive",
                hint="exclude this file, or link it with room in its read-only data",
            )
        alignment, file_alignment = self.read("<II", self.optional + 32)
        if not (0 < file_alignment <= 0x10000 and 0 < alignment <= 0x200000):
            raise MalformedBinary("the alignment of the PE file's sections is out of range")
        end = max(item.address + max(item.memory_size, item.file_size) for item in self.sections)
        address, size = end + -end % alignment, len(content) + -len(content) % file_alignment
        self.data.extend(bytes(-len(self.data) % file_alignment))
        header = (_SECTION_NAME, len(content), address, size, len(self.data), 0, 0, 0, 0)
        _SECTION.pack_into(self.data, at, *header, _READ_ONLY_DATA)
        self.write("<H", self.file_header + 2, len(self.sections) + 1)
        self.write("<I", self.optional + 56, address + len(content) + -len(content) % alignment)
        self.data.extend(content.ljust(size, b"\0"))
        return address

    def _overlay_size(self) -> int:
        """Return the number of bytes that neither a section nor the COFF symbols hold."""
        end = max((item.offset + item.file_size for item in self.sections), default=0)
        symbols, count = self.read("<II", self.file_header + 8)
        if symbols and symbols >= end:
            strings = symbols + 18 * count
            (size,) = self.read("<I", strings)
            end = strings + size
        return len(bytes(self.data[end:]).strip(b"\0"))

    def _read_section(self, at: int) -> Section:
        name, memory, address, size, offset, *_, flags = _SECTION.unpack_from(self.data, at)
        return Section(name, memory, address, size, offset, flags, at)

    def offset(self, address: int) -> int:
        """Return the file offset of an address. Raises :class:`MalformedBinary`."""
        for section in self.sections:
            if section.address <= address < section.address + section.file_size:
                return address - section.address + section.offset
        raise MalformedBinary(f"no section holds the address {address:#x}")

    def import_tables(self) -> Iterator[tuple[int, int, int]]:
        """Yield (offset of the record, its size, offset of the name's address in it)."""
        for which, size, name in ((1, 20, 12), (13, 32, 4)):
            address, _ = self.directory(which)
            at = self.offset(address) if address else 0
            while at and self.read("<I", at + name)[0]:
                yield at, size, at + name
                at += size
