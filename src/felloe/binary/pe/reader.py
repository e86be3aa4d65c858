"""The facts of a PE file (a DLL, ``.pyd`` or ``.exe``), read as Windows loads it.

Everything is reached through the headers and the data directories; addresses
in them are relative to where the image is loaded (RVAs) and are translated
through the section table. Names and numbers are those of Microsoft's "PE
Format" specification.
"""

from __future__ import annotations

import struct
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from felloe.binary.elf.reader import Buffer
from felloe.binary.strings import NameReader
from felloe.errors import MalformedBinary

_MAGIC = b"MZ"
_SIGNATURE = b"PE\0\0"
_PE32, _PE32_PLUS = 0x10B, 0x20B
_FILE_DLL = 0x2000

# Limits that no real file reaches, so that a hostile one costs little.
_MOST_SECTIONS = 96  # the limit of the Windows loader ("PE Format", "COFF File Header")
_MOST_DIRECTORIES = 16
_MOST_LIBRARIES = 4096
_LONGEST_NAME = 1024

_ARCHITECTURES = {0x014C: "win32", 0x8664: "win_amd64", 0xAA64: "win_arm64"}
"""``Machine`` -> the platform tag of Windows for it."""

_FILE_HEADER = struct.Struct("<HHIIIHH")
_SECTION = struct.Struct("<8sIIIIIIHHI")
_IMPORT = struct.Struct("<IIIII")
_DELAY_IMPORT = struct.Struct("<IIIIIIII")


class Directory(IntEnum):
    """Positions in the optional header's table of data directories."""

    EXPORT = 0
    IMPORT = 1
    DELAY_IMPORT = 13
    CLR_HEADER = 14


class DllImport(NamedTuple):
    """A DLL that an image needs."""

    name: str
    names: int
    """File offset of its table of imported names; 0 if it has none."""
    delayed: bool
    """True if it is loaded when the first of its functions is called."""


class PeExports(NamedTuple):
    """The export directory; the offsets are the file's, in bytes."""

    size: int
    """Number of names."""
    names: int
    """Offset of their RVAs, sorted by name."""


@dataclass(frozen=True)
class PeImage:
    """The facts of one PE file."""

    machine: int
    """``Machine`` of the file header."""
    platform: str | None
    """The platform tag for it, ``win_amd64``; None where none exists."""
    bits: int
    """32 for PE32, 64 for PE32+."""
    is_dll: bool
    is_managed: bool
    """True if it has a CLR header: .NET code, which a runtime compiles for each machine."""
    subsystem_version: tuple[int, int]
    """The oldest Windows that it names: 6.0 is Vista, 6.1 is 7, 10.0 is 10."""
    dlls: tuple[DllImport, ...]
    exports: PeExports | None
    sections: SectionTable


class Section(NamedTuple):
    """A part of the file and its address in memory; all in bytes."""

    address: int
    offset: int
    size: int


@dataclass(frozen=True)
class SectionTable:
    """Sections of a file, to convert RVAs into file offsets."""

    sections: tuple[Section, ...]
    """In the order of their addresses."""
    header_size: int
    """Size of the headers, which are loaded before the sections, in bytes."""

    def offset(self, address: int) -> int:
        """Return the file offset of an RVA. Raise :class:`MalformedBinary` if it has none."""
        position = bisect_right(self.sections, (address, sys.maxsize)) - 1
        if position < 0 and address < self.header_size:
            return address
        section = self.sections[position] if position >= 0 else Section(0, 0, 0)
        if address - section.address >= section.size:
            raise MalformedBinary(f"no section holds the address {address:#x}")
        return address - section.address + section.offset


def parse_pe(data: Buffer) -> PeImage:
    """Read the facts of a PE file; ``data`` is all of it.

    Raises :class:`MalformedBinary` where an address leads outside the file or
    a record is cut off. The time taken is linear in the size of the file.
    """
    try:
        return _Parser(data).parse()
    except (struct.error, IndexError, OverflowError) as cause:
        raise MalformedBinary(
            f"a PE record reaches beyond the end of the file ({cause})"
        ) from cause


class _Parser:
    """State of one parse."""

    def __init__(self, data: Buffer) -> None:
        if bytes(data[:2]) != _MAGIC or len(data) < 64:
            raise MalformedBinary("the MS-DOS header is cut off")
        (start,) = struct.unpack_from("<I", data, 60)
        if bytes(data[start : start + 4]) != _SIGNATURE:
            raise MalformedBinary("no PE signature where the MS-DOS header says it is")
        self.data = data
        header = _FILE_HEADER.unpack_from(data, start + 4)
        self.machine, count, _, _, _, optional_size, self.flags = header
        self.optional = start + 4 + _FILE_HEADER.size
        (magic,) = struct.unpack_from("<H", data, self.optional)
        if magic not in (_PE32, _PE32_PLUS):
            raise MalformedBinary(f"unknown magic of the PE optional header ({magic:#x})")
        self.bits = 32 if magic == _PE32 else 64
        if count > _MOST_SECTIONS:
            raise MalformedBinary(f"{count} sections are more than a loader accepts")
        headers = self.optional + optional_size
        sections = tuple(sorted(self._sections(headers, count)))
        self.sections = SectionTable(sections, headers + count * _SECTION.size)
        self.directories = self._directories(optional_size)
        self.names = NameReader(data)

    def parse(self) -> PeImage:
        clr, _ = self._directory(Directory.CLR_HEADER)
        return PeImage(
            machine=self.machine,
            platform=_ARCHITECTURES.get(self.machine),
            bits=self.bits,
            is_dll=bool(self.flags & _FILE_DLL),
            is_managed=bool(clr),
            subsystem_version=struct.unpack_from("<HH", self.data, self.optional + 48),
            dlls=(*self._imports(), *self._delay_imports()),
            exports=self._exports(),
            sections=self.sections,
        )

    def _sections(self, at: int, count: int) -> Iterator[Section]:
        for index in range(count):
            record = _SECTION.unpack_from(self.data, at + index * _SECTION.size)
            _, size, address, raw_size, offset, *_ = record
            # Object files state no size in memory. The loader uses the smaller size.
            yield Section(address, offset, min(size, raw_size) if size else raw_size)

    def _directories(self, optional_size: int) -> tuple[tuple[int, int], ...]:
        at = self.optional + (92 if self.bits == 32 else 108)
        (count,) = struct.unpack_from("<I", self.data, at)
        count = min(count, _MOST_DIRECTORIES)
        if at + 4 + 8 * count > self.optional + optional_size:
            raise MalformedBinary("the data directories do not fit in the optional header")
        table = bytes(self.data[at + 4 : at + 4 + 8 * count])
        return tuple(struct.iter_unpack("<II", table))

    def _directory(self, which: Directory) -> tuple[int, int]:
        return self.directories[which] if which < len(self.directories) else (0, 0)

    def _imports(self) -> Iterator[DllImport]:
        address, _ = self._directory(Directory.IMPORT)
        if not address:
            return
        at = self.sections.offset(address)
        for _ in range(_MOST_LIBRARIES):
            lookup, _, _, name, bound = _IMPORT.unpack_from(self.data, at)
            if not name:
                return
            table = lookup or bound
            yield DllImport(
                self._name(name), self.sections.offset(table) if table else 0, delayed=False
            )
            at += _IMPORT.size
        raise MalformedBinary("the import directory does not end")

    def _delay_imports(self) -> Iterator[DllImport]:
        address, _ = self._directory(Directory.DELAY_IMPORT)
        if not address:
            return
        at = self.sections.offset(address)
        for _ in range(_MOST_LIBRARIES):
            attributes, name, _, _, names, *_ = _DELAY_IMPORT.unpack_from(self.data, at)
            if not name:
                return
            if not attributes & 1:
                raise MalformedBinary("a delay import has absolute addresses, as before 2002")
            yield DllImport(
                self._name(name), self.sections.offset(names) if names else 0, delayed=True
            )
            at += _DELAY_IMPORT.size
        raise MalformedBinary("the delay import directory does not end")

    def _exports(self) -> PeExports | None:
        address, _ = self._directory(Directory.EXPORT)
        if not address:
            return None
        directory = struct.unpack_from("<IIHHIIIIIII", self.data, self.sections.offset(address))
        count, names = directory[7], directory[9]
        if not count:
            return PeExports(0, 0)
        begin = self.sections.offset(names)
        if begin + 4 * count > len(self.data):
            raise MalformedBinary("the export names reach beyond the end of the file")
        return PeExports(count, begin)

    def _name(self, address: int) -> str:
        name = self.names.at(self.sections.offset(address))
        if len(name) > _LONGEST_NAME:
            raise MalformedBinary("a DLL's name is longer than a path can be")
        return name
