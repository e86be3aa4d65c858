"""Shared memory to which the watched processes of a build write their events.

Layout: eight bytes of magic, the number of bytes used, the capacity (both 64 bits), then
records that end with a NUL (``watch.c`` describes them).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

_MAGIC = b"felloe1\0"
_HEADER = struct.Struct("=8sQQ")
_CAPACITY = 1 << 30
"""Size of the address range, in bytes. It uses memory only for written records."""
_VARIABLE = "FELLOE_WATCH"
_REPLAY = "FELLOE_WATCH_REPLAY"
_PRELOAD = "LD_PRELOAD"

WATCH_VARIABLES = frozenset((_VARIABLE, _REPLAY))


class LostEvents(Exception):
    """Some events of a build are not in the log."""


class Log:
    """The log of one build."""

    def __init__(self) -> None:
        self._file = os.memfd_create("felloe-watch", os.MFD_CLOEXEC)
        os.ftruncate(self._file, _CAPACITY)
        os.pwrite(self._file, _HEADER.pack(_MAGIC, _HEADER.size, _CAPACITY), 0)

    def close(self) -> None:
        """End the watch."""
        os.close(self._file)

    def plan_environ(
        self, library: Path, environ: Mapping[str, str], replay: Path | None = None
    ) -> dict[str, str]:
        """Return the variables for a process to watch.

        An existing ``LD_PRELOAD`` stays first, as sanitizers require. ``replay`` is a file with
        the arguments of a CMake that need not run, because its inputs are unchanged.
        """
        preload = " ".join(filter(None, (environ.get(_PRELOAD), str(library))))
        found = {_PRELOAD: preload, _VARIABLE: f"/proc/{os.getpid()}/fd/{self._file}"}
        return {**found, _REPLAY: str(replay)} if replay is not None else found

    def read(self) -> list[bytes]:
        """Return the records. Raise :class:`LostEvents` if some are missing."""
        magic, used, capacity = _HEADER.unpack(os.pread(self._file, _HEADER.size, 0))
        if magic != _MAGIC or used > capacity:
            raise LostEvents
        parts, at = [], _HEADER.size
        while at < used and (part := os.pread(self._file, used - at, at)):
            parts.append(part)
            at += len(part)
        records = b"".join(parts).split(b"\0")
        if records.pop() or b"" in records:  # a process was killed while it wrote
            raise LostEvents
        return records
