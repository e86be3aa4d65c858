"""One image of a Mach-O file, open for changes: its load commands and its last segment.

Source: Apple's ``mach-o/loader.h``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from felloe.binary.macho.layout import MAGICS, Command
from felloe.errors import FelloeError, MalformedBinary

_LC_SEGMENT, _LC_SEGMENT_64 = 0x1, 0x19
_ZERO_FILL = frozenset((0x1, 0xC, 0x12))
"""Section types that have no bytes in the file: ``S_ZEROFILL`` and its relatives."""
CODE_SIGNATURE = int(Command.CODE_SIGNATURE)
_NO_ROOM_HINT = "link it with -headerpad_max_install_names, which leaves room for longer names"


class LoadCommand(NamedTuple):
    """A load command: its number and all of its bytes, the header included."""

    kind: int
    body: bytes


class Segment(NamedTuple):
    """A segment; offsets and sizes in bytes from the start of the image."""

    name: str
    file_offset: int
    file_size: int
    memory_size: int
    position: int
    """Position of its load command."""


class Image:
    """The bytes of one image and its load commands.

    Raises :class:`MalformedBinary` where a record is cut off.
    """

    def __init__(self, data: bytes) -> None:
        self.bits, self.order = MAGICS[data[:4]]
        self.data = bytearray(data)
        self.header_size = 32 if self.bits == 64 else 28
        self.cpu_type, self.type, count, self._commands_size = (
            self.words(data, at, 1)[0] for at in (4, 12, 16, 20)
        )
        self.commands = list(self._read_commands(count))
        self._segment = struct.Struct(f"{self.order}16s{'4Q' if self.bits == 64 else '4I'}")

    def words(self, data: bytes | bytearray, at: int, count: int) -> tuple[int, ...]:
        """Return ``count`` numbers of 32 bits at offset ``at``."""
        return struct.unpack_from(f"{self.order}{count}I", data, at)

    def find(self, *kinds: int) -> int | None:
        """Return the position of the first command of one of ``kinds``."""
        return next((at for at, item in enumerate(self.commands) if item.kind in kinds), None)

    def segments(self) -> Iterator[Segment]:
        """Yield the segments in the order of their load commands."""
        for index, command in enumerate(self.commands):
            if command.kind in (_LC_SEGMENT, _LC_SEGMENT_64):
                name, _, memory, offset, size = self._segment.unpack_from(command.body, 8)
                text = name.rstrip(b"\0").decode("ascii", "replace")
                yield Segment(text, offset, size, memory, index)

    def resize(self, segment: Segment, file_size: int, memory_size: int) -> None:
        """Change the sizes of a segment."""
        body = bytearray(self.commands[segment.position].body)
        name, address, _, offset, _ = self._segment.unpack_from(body, 8)
        self._segment.pack_into(body, 8, name, address, memory_size, offset, file_size)
        self.replace(segment.position, bytes(body))

    def replace(self, index: int, body: bytes) -> None:
        """Give the command at ``index`` other bytes."""
        self.commands[index] = LoadCommand(self.commands[index].kind, body)

    def name_of(self, command: LoadCommand) -> bytes:
        """Return the ``lc_str`` of a command that begins with one (``dylib``, ``rpath``)."""
        (at,) = self.words(command.body, 8, 1)
        return command.body[at:].partition(b"\0")[0]

    def renamed(self, command: LoadCommand, name: bytes) -> bytes:
        """Return the bytes of a command with another ``lc_str``, padded as the linker pads."""
        (at,) = self.words(command.body, 8, 1)
        return self.pack(command.kind, command.body[8:at] + name + b"\0")

    def pack(self, kind: int, rest: bytes) -> bytes:
        """Return a command: header, ``rest``, and NUL bytes up to the alignment of its size."""
        size = 8 + len(rest)
        size += -size % (self.bits // 8)
        return struct.pack(f"{self.order}II", kind, size) + rest.ljust(size - 8, b"\0")

    def write_commands(self) -> None:
        """Write the load commands into the header.

        Raises :class:`FelloeError` if they do not fit before the first section.
        """
        raw = b"".join(command.body for command in self.commands)
        first, start = self._first_content(), self.header_size
        grown = self.data[start + self._commands_size : start + len(raw)]
        if start + len(raw) > first or any(grown):
            missing = max(start + len(raw) - first, 1)
            raise FelloeError(
                f"the header has no room for the new names: {missing} bytes are missing",
                hint=_NO_ROOM_HINT,
            )
        end = start + max(self._commands_size, len(raw))
        self.data[start:end] = raw.ljust(end - start, b"\0")
        struct.pack_into(f"{self.order}II", self.data, 16, len(self.commands), len(raw))
        self._commands_size = len(raw)

    def _read_commands(self, count: int) -> Iterator[LoadCommand]:
        at, end = self.header_size, self.header_size + self._commands_size
        for _ in range(count):
            kind, size = self.words(self.data, at, 2)
            if size < 8 or at + size > end:
                raise MalformedBinary(f"a load command of {size} bytes does not fit in its table")
            yield LoadCommand(kind, bytes(self.data[at : at + size]))
            at += size

    def _first_content(self) -> int:
        """Return the offset of the first byte that is not header: of a section or a segment."""
        starts = [len(self.data)]
        for segment in self.segments():
            if segment.file_offset and segment.file_size:
                starts.append(segment.file_offset)
            starts += self._section_offsets(self.commands[segment.position].body)
        return min(starts)

    def _section_offsets(self, body: bytes) -> Iterator[int]:
        head, size, form = (72, 80, "QQ") if self.bits == 64 else (56, 68, "II")
        (count,) = self.words(body, head - 8, 1)
        for at in range(head, head + count * size, size):
            _, length = struct.unpack_from(self.order + form, body, at + 32)
            offset, *_, flags = self.words(body, at + 32 + struct.calcsize(form), 5)
            if length and offset and flags & 0xFF not in _ZERO_FILL:
                yield offset
