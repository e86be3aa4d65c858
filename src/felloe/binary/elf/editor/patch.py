"""Edit the dynamic section of an ELF file: bytes in, bytes out, all edits in one step.

A new name overwrites one that it replaces, if nothing else uses that and it is
long enough, or it is in the table already. Otherwise ``.dynstr`` moves to a
segment at the end of the file
(:mod:`felloe.binary.elf.editor.appended_segment`), and so does ``.dynamic`` if it
has no free entry left. Notes and tables move if the header of that segment needs
their place. All other bytes stay in place.

Limits. Bytes behind the sections of a file (a self-extracting program's payload)
no longer end it. A moved ``.dynamic`` stays writable, outside ``PT_GNU_RELRO``: a
loader protects one range. Strip first: stripping afterwards may save less.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import astuple, fields, replace

from felloe.binary.elf.editor.appended_segment import (
    AppendedSegment,
    plan_segment,
    write_segment,
)
from felloe.binary.elf.editor.dynamic import (
    Entry,
    edit_entries,
    is_name,
    read_dynamic,
    read_version_names,
)
from felloe.binary.elf.editor.dynstr import DynstrEditor
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import Image
from felloe.binary.elf.editor.movable_region import LOADER_TABLES, Kind, Region
from felloe.binary.elf.editor.references import find_symbol_names
from felloe.binary.elf.layout import DynamicTag
from felloe.binary.elf.reader import ElfObject, parse_elf
from felloe.binary.strings import StringTable
from felloe.errors import FelloeError, MalformedBinary

# The number of relative relocations. It only makes loading faster, so another
# entry may take its place.
_COUNTS = frozenset((0x6FFFFFF9, 0x6FFFFFFA))  # DT_RELACOUNT, DT_RELCOUNT
_DT_PLTGOT = 3
# Relative to the entry itself, which may therefore not move.
_MIPS, _DT_MIPS_RLD_MAP_REL = 8, 0x70000035


def patch(data: bytes, edit: Edit) -> bytes:
    """Return the file after the edit, or ``data`` itself if it changes nothing.

    The result is read back: only the facts that the edit names may differ.
    Raises :class:`MalformedBinary` for a file that is not a dynamic object or breaks
    the rules, :class:`FelloeError` for an edit that this object does not allow.
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
    if any(bool(new) != bool(old) for new, old in zip(*map(_places, (after, expected)))):
        raise FelloeError("the patched object has lost a table, which is a bug in felloe")
    after = replace(after, tables=expected.tables)
    for field in fields(after):
        found, wanted = getattr(after, field.name), getattr(expected, field.name)
        if found != wanted:
            raise FelloeError(
                f"the patched object reads back another {field.name}: {found!r}, not {wanted!r}",
                hint="report this with the object: a bug in felloe",
            )


def _places(elf: ElfObject) -> tuple[int, ...]:
    return astuple(elf.tables)


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
        self.names = DynstrEditor(raw, self._kept())

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
        added = plan_segment(self.image, self.dynamic, sizes) if sizes else None
        self._write_strings(added)
        self._follow_tables(added)
        self._write_entries(added)
        if added:
            write_segment(self.image, added)
            self.image.write_headers()
        return bytes(self.image.data)

    def _kept(self) -> list[int] | None:
        """Return the offsets of all names that stay, or None if not all are known."""
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
        """Return the new sizes of the regions that have outgrown their place."""
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

    def _write_strings(self, added: AppendedSegment | None) -> None:
        """Write the names to the appended segment, or to their old place."""
        region = added.find(Kind.STRINGS) if added else None
        start, size = self.dynamic.strings_offset, self.dynamic.strings_size
        if added is None or region is None:
            self.image.data[start : start + size] = self.names.raw.ljust(size, b"\0")
            return
        region.content = bytes(self.names.raw.ljust(region.new_size, b"\0"))
        changed: dict[int, int] = {
            DynamicTag.STRTAB: region.address,
            DynamicTag.STRSZ: region.new_size,
        }
        self.entries = [
            Entry(tag, changed[tag]) if tag in changed else Entry(tag, value)
            for tag, value in self.entries
        ]
        if self.names.is_known and start < added.start:
            self.image.data[start : start + size] = bytes(size)  # compresses to nothing

    def _follow_tables(self, added: AppendedSegment | None) -> None:
        """Let the entries that name a moved table hold its new address."""
        regions = added.regions if added else ()
        moved = {r.old_address: r.address for r in regions if r.kind == Kind.LOADER_TABLE}
        self.entries = [
            Entry(tag, moved[value])
            if tag in LOADER_TABLES and isinstance(value, int) and value in moved
            else Entry(tag, value)
            for tag, value in self.entries
        ]

    def _write_entries(self, added: AppendedSegment | None) -> None:
        """Write the dynamic section to the appended segment, or to its old place."""
        form = self.image.layout.dynamic
        table = b"".join(form.pack(*entry) for entry in self.entries)
        region = added.find(Kind.DYNAMIC) if added else None
        start, size = self.dynamic.offset, self.dynamic.size
        if region is None:
            self.image.data[start : start + size] = table.ljust(size, b"\0")
            return
        # The old bytes stay: they are out of use, but code may have their address.
        region.content = table.ljust(region.new_size, b"\0")
        self._point_at_dynamic(region)

    def _point_at_dynamic(self, region: Region) -> None:
        """psABIs: the first word of the global offset table is the address of ``.dynamic``."""
        table = self.dynamic.number(_DT_PLTGOT)
        word = struct.Struct(self.image.order + ("Q" if self.image.bits == 64 else "I"))
        if any(s.address <= table < s.address + s.file_size for s in self.image.loaded):
            at = self.image.offset_of(table, word.size)
            if word.unpack_from(self.image.data, at)[0] == region.old_address:
                word.pack_into(self.image.data, at, region.address)


def _rank(entries: Sequence[Entry]) -> int:
    return next((at for at, entry in enumerate(entries) if entry.tag == _DT_MIPS_RLD_MAP_REL), -1)
