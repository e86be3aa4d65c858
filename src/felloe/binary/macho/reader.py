"""The facts of a Mach-O file, read as dyld reads them.

A file is thin, or universal: a table of slices, each a thin image for one
machine. All facts come from the mach header and its load commands. Names and
numbers are those of Apple's ``mach-o/loader.h``, ``mach-o/fat.h`` and
``mach/machine.h``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from felloe.binary.elf.reader import Buffer
from felloe.binary.macho.layout import (
    DYLIB_COMMANDS,
    FAT_LAYOUTS,
    LC_REQ_DYLD,
    MAGICS,
    VERSION_MIN_PLATFORMS,
    Command,
    FileType,
    Platform,
    find_cpu,
)
from felloe.binary.strings import decode_name
from felloe.errors import MalformedBinary

# Limits that no real file reaches, so that a hostile one costs little.
_MOST_SLICES = 40
_MOST_COMMANDS = 4096
_MOST_RPATHS = 256


class Version(NamedTuple):
    """``X.Y.Z``, packed in 16, 8 and 8 bits."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch else "")


class Dylib(NamedTuple):
    """A library that an image loads."""

    name: str
    """Its install name: a path, or one that begins with ``@rpath/`` and the like."""
    how: str
    """``load``, ``weak``, ``reexport``, ``upward`` or ``lazy``."""
    compatibility: Version


@dataclass(frozen=True)
class MachoTables:
    """Places of the tables of symbols; offsets and sizes in bytes, 0 if a table is absent.

    Offsets count from the beginning of the slice.
    """

    symbols: int = 0
    symbol_count: int = 0
    strings: int = 0
    strings_size: int = 0
    undefined: tuple[int, int] | None = None
    """First index and number of undefined symbols, if ``LC_DYSYMTAB`` says so."""
    exports: int = 0
    exports_size: int = 0


@dataclass(frozen=True)
class MachoSlice:
    """The facts of one image."""

    offset: int
    """Start of the image in the file, in bytes."""
    size: int
    bits: int
    """32 or 64."""
    byte_order: str
    """``"<"`` little, ``">"`` big, as in :mod:`struct`."""
    cpu: str
    """As platform tags and ``lipo`` spell it: ``x86_64``, ``arm64``, ``arm64e``, …."""
    type: int
    """A :class:`FileType` where known."""
    platforms: tuple[tuple[int, Version], ...]
    """Pairs of :class:`Platform` and minimum version."""
    install_name: str | None
    dylibs: tuple[Dylib, ...]
    """In the order of the load commands: a symbol's library ordinal is a position in it, from 1."""
    rpaths: tuple[str, ...]
    is_signed: bool
    """True if it has a code signature, which may be invalid."""
    tables: MachoTables

    @property
    def minimum_macos(self) -> Version | None:
        """The oldest macOS that it names; None if it names none."""
        found = (version for platform, version in self.platforms if platform == Platform.MACOS)
        return next(found, None)


@dataclass(frozen=True)
class MachoFile:
    """A Mach-O file: one slice for each machine."""

    slices: tuple[MachoSlice, ...]
    is_universal: bool

    @property
    def cpus(self) -> tuple[str, ...]:
        return tuple(item.cpu for item in self.slices)


def parse_macho(data: Buffer) -> MachoFile:
    """Read the facts of a Mach-O file; ``data`` is all of it.

    Raise :class:`MalformedBinary` if an offset leads outside the file or its
    slice, or if a record is cut off. The time taken is linear in the size of
    the load commands.
    """
    try:
        magic = bytes(data[:4])
        if magic in FAT_LAYOUTS:
            return MachoFile(tuple(_read_universal(data, FAT_LAYOUTS[magic])), is_universal=True)
        return MachoFile((_Parser(data, 0, len(data)).parse(),), is_universal=False)
    except (struct.error, IndexError, OverflowError) as cause:
        raise MalformedBinary(
            f"a Mach-O record reaches beyond the end of the file ({cause})"
        ) from cause


def _read_universal(data: Buffer, layout: struct.Struct) -> Iterator[MachoSlice]:
    (count,) = struct.unpack_from(">I", data, 4)
    if not 0 < count <= _MOST_SLICES:
        raise MalformedBinary(f"a universal file of {count} slices is not valid")
    records = [layout.unpack_from(data, 8 + at * layout.size) for at in range(count)]
    if len({record[:2] for record in records}) < count:
        raise MalformedBinary("two slices of a universal file are for the same machine")
    end = 8 + count * layout.size
    for _, _, offset, size, *_ in sorted(records, key=lambda record: record[2]):
        if offset < end:
            raise MalformedBinary("the slices of a universal file overlap")
        end = offset + size
        if end > len(data):
            raise MalformedBinary("a slice reaches beyond the end of the file")
    for cpu, subtype, offset, size, *_ in records:
        found = _Parser(data, offset, size).parse()
        if found.cpu != find_cpu(cpu, subtype):
            raise MalformedBinary(
                f"a slice for {find_cpu(cpu, subtype)} holds an image for {found.cpu}"
            )
        yield found


class _Parser:
    """State of one image's parse."""

    def __init__(self, data: Buffer, offset: int, size: int) -> None:
        magic = bytes(data[offset : offset + 4])
        if magic not in MAGICS:
            raise MalformedBinary("a slice does not begin with a Mach-O header")
        self.bits, self.order = MAGICS[magic]
        self.offset, self.size = offset, size
        head = struct.Struct(self.order + "7I")
        _, cpu, subtype, self.type, count, commands_size, _ = head.unpack_from(data, offset)
        self.cpu = find_cpu(cpu, subtype)
        begin = head.size + (4 if self.bits == 64 else 0)
        if begin + commands_size > size or offset + size > len(data):
            raise MalformedBinary("the load commands reach beyond the end of the image")
        if count > _MOST_COMMANDS:
            raise MalformedBinary(f"{count} load commands are more than a loader accepts")
        self.raw = bytes(data[offset + begin : offset + begin + commands_size])
        self.commands = list(self._commands(count))

    def parse(self) -> MachoSlice:
        rpaths = tuple(self._text(body, 8) for _, body in self._all(Command.RPATH))
        if len(rpaths) > _MOST_RPATHS:
            raise MalformedBinary(f"{len(rpaths)} LC_RPATH are more than a loader accepts")
        ids = (self._text(body, 8) for _, body in self._all(Command.ID_DYLIB))
        return MachoSlice(
            offset=self.offset,
            size=self.size,
            bits=self.bits,
            byte_order=self.order,
            cpu=self.cpu,
            type=self.type,
            platforms=tuple(self._platforms()),
            install_name=next(ids, None),
            dylibs=tuple(self._dylib(kind, body) for kind, body in self._all(*DYLIB_COMMANDS)),
            rpaths=rpaths,
            is_signed=any(self._all(Command.CODE_SIGNATURE)),
            tables=self._tables(),
        )

    def _commands(self, count: int) -> Iterator[tuple[int, bytes]]:
        """Yield pairs of a command and all its bytes."""
        at, pair = 0, struct.Struct(self.order + "II")
        for _ in range(count):
            kind, size = pair.unpack_from(self.raw, at)
            if size < pair.size or at + size > len(self.raw):
                raise MalformedBinary(f"a load command of {size} bytes does not fit in its table")
            yield kind, self.raw[at : at + size]
            at += size

    def _all(self, *kinds: int) -> Iterator[tuple[int, bytes]]:
        return ((kind, body) for kind, body in self.commands if kind in kinds)

    def _text(self, body: bytes, field: int) -> str:
        """Return the ``lc_str`` whose offset is in the field at ``field``."""
        (at,) = self._words(body, field, 1)
        if not 8 <= at < len(body):
            raise MalformedBinary("a load command has its text outside of itself")
        return decode_name(body[at:].partition(b"\0")[0])

    def _dylib(self, kind: int, body: bytes) -> Dylib:
        _, _, _, compatibility = self._words(body, 8, 4)
        return Dylib(self._text(body, 8), DYLIB_COMMANDS[kind], _version(compatibility))

    def _platforms(self) -> Iterator[tuple[int, Version]]:
        for kind, body in self.commands:
            if kind == Command.BUILD_VERSION:
                platform, minimum = self._words(body, 8, 2)
                yield platform, _version(minimum)
            elif kind in VERSION_MIN_PLATFORMS:
                yield VERSION_MIN_PLATFORMS[kind], _version(self._words(body, 8, 1)[0])

    def _tables(self) -> MachoTables:
        symbols = strings = exports = (0, 0)
        undefined: tuple[int, int] | None = None
        for kind, body in self.commands:
            if kind == Command.SYMTAB:
                start, count, text, text_size = self._words(body, 8, 4)
                symbols, strings = (start, count), (text, text_size)
            elif kind == Command.DYSYMTAB:
                *_, first, number = self._words(body, 8, 6)
                undefined = (first, number)
            elif kind | LC_REQ_DYLD == Command.DYLD_INFO_ONLY:
                *_, start, size = self._words(body, 8, 10)
                exports = (start, size)
            elif kind == Command.DYLD_EXPORTS_TRIE:
                start, size = self._words(body, 8, 2)
                exports = (start, size)
        size = symbols[1] * (16 if self.bits == 64 else 12)
        for what, begin, length in (
            ("symbol table", symbols[0], size),
            ("string table", *strings),
            ("exports trie", *exports),
        ):
            if begin + length > self.size:
                raise MalformedBinary(f"the {what} reaches beyond the end of the image")
        if undefined and sum(undefined) > symbols[1]:
            raise MalformedBinary("the undefined symbols reach beyond the end of the symbol table")
        return MachoTables(*symbols, *strings, undefined, *exports)

    def _words(self, body: bytes, at: int, count: int) -> tuple[int, ...]:
        if at + 4 * count > len(body):
            raise MalformedBinary("a load command is cut off")
        return struct.unpack_from(f"{self.order}{count}I", body, at)


def _version(packed: int) -> Version:
    return Version(packed >> 16, packed >> 8 & 0xFF, packed & 0xFF)


def is_loaded(image: MachoSlice) -> bool:
    """Return whether the image is loaded at run time, unlike objects and debug information."""
    return image.type in (FileType.EXECUTE, FileType.DYLIB, FileType.BUNDLE)
