"""Edit the dynamic section of an ELF file: bytes in, bytes out, all edits in one step.

A name goes where there is room: over one that it replaces and nobody else uses,
or it is there already. Otherwise ``.dynstr`` moves to one segment at the end
of the file (:mod:`felloe.binary.elf.editor.appended_segment`), and so does
``.dynamic`` if it has no free entry left. All else stays
where it is, byte for byte: hashes, symbols, versions.

Limits. Bytes behind the sections of a file (a self-extracting program's payload)
no longer end it. A moved ``.dynamic`` stays writable, outside ``PT_GNU_RELRO``: a
loader protects one range. Strip first: afterwards it may waste what was saved.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import fields, replace

from felloe.binary.elf.editor.appended_segment import Tail, plan_tail, write_tail
from felloe.binary.elf.editor.dynamic import (
    Entry,
    edit_entries,
    is_name,
    read_dynamic,
    read_version_names,
)
from felloe.binary.elf.editor.dynstr import NameTable
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import Image
from felloe.binary.elf.editor.movable_region import Kind, Piece
from felloe.binary.elf.editor.references import find_symbol_names
from felloe.binary.elf.layout import DynamicTag
from felloe.binary.elf.reader import ElfObject, parse_elf
from felloe.binary.strings import StringTable
from felloe.errors import FelloeError, MalformedBinary

# How many relocations are relative, so that a loader may hurry through them.
# Nothing is lost but that: the entry can give way to another.
_COUNTS = frozenset((0x6FFFFFF9, 0x6FFFFFFA))  # DT_RELACOUNT, DT_RELCOUNT
_DT_PLTGOT = 3
# Relative to the entry itself, which may therefore not move.
_MIPS, _DT_MIPS_RLD_MAP_REL = 8, 0x70000035


def patch(data: bytes, edit: Edit) -> bytes:
    """The file after the edit; ``data`` itself where it changes nothing.

    The result is read back: every fact but those that the edit names is as it was.
    Raises :class:`MalformedBinary` for what is no dynamic object or breaks the rules,
    :class:`FelloeError` for an edit that this object cannot get.
    """
    before = parse_elf(data)
    if not before.is_dynamic:
        raise MalformedBinary("there is no dynamic section to edit")
    expected = edit.expect(before)
    if expected == before:
        return data
    for need in before.version_needs:
        if need.library in edit.dropped:
            raise FelloeError(
                f"{need.library} cannot be dropped: its version {need.version} is needed",
                hint="rename it instead, or link without it",
            )
    try:
        patched = _Patch(data, edit).apply()
    except (struct.error, IndexError, OverflowError, ValueError) as cause:
        raise MalformedBinary(f"an ELF record leads out of the file ({cause})") from cause
    _compare(parse_elf(patched), expected)
    return patched


def _compare(after: ElfObject, expected: ElfObject) -> None:
    tables = replace(after.tables, strings=0, strings_size=0)
    if tables != replace(expected.tables, strings=0, strings_size=0):
        raise FelloeError("the patched object has its symbol tables elsewhere: a bug in felloe")
    after = replace(after, tables=expected.tables)
    for field in fields(after):
        found, wanted = getattr(after, field.name), getattr(expected, field.name)
        if found != wanted:
            raise FelloeError(
                f"the patched object reads back another {field.name}: {found!r}, not {wanted!r}",
                hint="report this with the object: a bug in felloe",
            )


class _Patch:
    """One edit of one file."""

    def __init__(self, data: bytes, edit: Edit) -> None:
        self.image = Image(data)
        self.dynamic = read_dynamic(self.image)
        start, size = self.dynamic.strings_offset, self.dynamic.strings_size
        raw = bytes(self.image.data[start : start + size])
        self.old = StringTable(raw)
        self.edit = edit
        self.entries = edit_entries(self.dynamic.entries, edit, self.old.at)
        self.version_names = list(read_version_names(self.image, self.dynamic))
        self.renamed = [
            (name, edit.needed[library].encode())
            for name in self.version_names
            if name.of_library
            for library in (self.old.at(name.value),)
            if edit.needed.get(library, library) != library
        ]
        self.names = NameTable(raw, self._kept())

    def apply(self) -> bytes:
        self.names.release(self._released())
        self.entries = [
            Entry(tag, self.names.intern(value) if isinstance(value, bytes) else value)
            for tag, value in self.entries
        ]
        half = struct.Struct(self.image.order + "I")
        for name, new in self.renamed:
            half.pack_into(self.image.data, name.at, self.names.intern(new))
        sizes = self._sizes()
        tail = plan_tail(self.image, self.dynamic, sizes) if sizes else None
        self._write_strings(tail)
        self._write_entries(tail)
        if tail:
            write_tail(self.image, tail)
            self.image.write_headers()
        return bytes(self.image.data)

    def _kept(self) -> list[int] | None:
        """The offsets of all names that stay; None if not all are known."""
        kept = find_symbol_names(self.image, self.dynamic)
        if kept is not None:
            renamed = {name.at for name, _ in self.renamed}
            kept += [n.value for n in self.version_names if n.at not in renamed]
            kept += [v for tag, v in self.entries if is_name(tag) and isinstance(v, int)]
        return kept

    def _released(self) -> set[int]:
        before = {v for tag, v in self.dynamic.entries if is_name(tag) and isinstance(v, int)}
        return before | {name.value for name, _ in self.renamed}

    def _sizes(self) -> dict[Kind, int]:
        """What has outgrown its place, and how large it gets."""
        sizes = {}
        record = self.image.layout.dynamic.size
        slots = self.dynamic.size // record - 1
        if len(self.entries) > slots:
            fewer = [entry for entry in self.entries if entry.tag not in _COUNTS]
            if len(fewer) > slots:
                sizes[Kind.DYNAMIC] = (len(self.entries) + 1) * record
            else:
                self.entries = fewer
        if len(self.names.raw) > self.dynamic.strings_size:
            sizes[Kind.STRINGS] = len(self.names.raw)
        if self.image.machine == _MIPS and _rank(self.entries) != _rank(self.dynamic.entries):
            raise FelloeError("this object's debugger entry cannot move (DT_MIPS_RLD_MAP_REL)")
        return sizes

    def _write_strings(self, tail: Tail | None) -> None:
        """The names: to the tail, or where they were."""
        piece = tail.piece(Kind.STRINGS) if tail else None
        start, size = self.dynamic.strings_offset, self.dynamic.strings_size
        if tail is None or piece is None:
            self.image.data[start : start + size] = self.names.raw.ljust(size, b"\0")
            return
        piece.content = bytes(self.names.raw.ljust(piece.new_size, b"\0"))
        changed: dict[int, int] = {
            DynamicTag.STRTAB: piece.address,
            DynamicTag.STRSZ: piece.new_size,
        }
        self.entries = [
            Entry(tag, changed[tag]) if tag in changed else Entry(tag, value)
            for tag, value in self.entries
        ]
        if self.names.is_known and start < tail.start:
            self.image.data[start : start + size] = bytes(size)  # compresses to nothing

    def _write_entries(self, tail: Tail | None) -> None:
        """The dynamic section: to the tail, or where it was."""
        form = self.image.layout.dynamic
        table = b"".join(form.pack(*entry) for entry in self.entries)
        piece = tail.piece(Kind.DYNAMIC) if tail else None
        start, size = self.dynamic.offset, self.dynamic.size
        if piece is None:
            self.image.data[start : start + size] = table.ljust(size, b"\0")
            return
        # What was there stays: it is out of use, but code may have its address.
        piece.content = table.ljust(piece.new_size, b"\0")
        self._point_at_dynamic(piece)

    def _point_at_dynamic(self, piece: Piece) -> None:
        """psABIs: the first word of the global offset table is the address of ``.dynamic``."""
        table = self.dynamic.number(_DT_PLTGOT)
        word = struct.Struct(self.image.order + ("Q" if self.image.bits == 64 else "I"))
        if any(s.address <= table < s.address + s.file_size for s in self.image.loaded):
            at = self.image.offset_of(table, word.size)
            if word.unpack_from(self.image.data, at)[0] == piece.old_address:
                word.pack_into(self.image.data, at, piece.address)


def _rank(entries: Sequence[Entry]) -> int:
    return next((at for at, entry in enumerate(entries) if entry.tag == _DT_MIPS_RLD_MAP_REL), -1)
