"""Read ranges of a file that must be removable as soon as reading has ended.

Windows neither deletes nor replaces a file that is open or mapped. On all
systems a file is therefore closed when its reader says so, not when the last
object that refers to it is collected.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from felloe.errors import MalformedArchive

MAY_MAP = os.name != "nt"
"""A traceback keeps views alive, and Windows keeps a file for as long as a view of it."""
_read_at: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)


class Source:
    """An open file: mapped for random access, read for sequential access.

    Pages of a mapping that were touched count as the memory of this process
    until the mapping is closed. Content that is read in order is therefore not
    read through the mapping. Raises :class:`OSError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO = path.open("rb")
        self._lock = Lock()
        self._mapped: mmap.mmap | None = None
        self.size = os.fstat(self._file.fileno()).st_size
        if MAY_MAP and self.size:
            self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def view(self, start: int, stop: int) -> memoryview:
        """Return the bytes from ``start`` to ``stop``, for random access. Do not keep the view."""
        if self._mapped is None:
            return memoryview(self.read(start, stop))
        return memoryview(self._mapped)[start:stop]

    def read(self, start: int, stop: int) -> bytes:
        """Return a copy of the bytes from ``start`` to ``stop``. Threads may call it."""
        size = max(0, min(stop, self.size) - start)
        if _read_at is not None:
            return bytes(_read_at(self._file.fileno(), size, start))
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        if self._mapped is not None:
            with suppress(BufferError):  # a traceback holds a view; the mapping ends with it
                self._mapped.close()


@dataclass(frozen=True)
class Region:
    """A range of an open file: ``size`` bytes from ``start``."""

    source: Source
    start: int
    size: int

    def view(self, size: int | None = None) -> memoryview:
        """Return the first ``size`` bytes, or all, for random access. Do not keep the view."""
        size = self.size if size is None else min(size, self.size)
        return self.source.view(self.start, self.start + size)

    def part(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` to ``stop`` of the region."""
        return self.source.read(self.start + start, self.start + min(stop, self.size))

    def make_error(self, problem: str) -> MalformedArchive:
        """Return an error that names the file."""
        return MalformedArchive(f"{self.source.path.name}: {problem}")


def view_file(path: Path) -> memoryview:
    """Return a file's bytes. The file stays mapped only as long as the view is referred to."""
    with path.open("rb") as file:
        if not MAY_MAP:
            return memoryview(file.read())
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
