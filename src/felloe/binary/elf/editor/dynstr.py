"""Add names to a dynamic string table: in free bytes, or at its end.

Sources: gABI, "String Table" (a reference may lead into the middle of a string).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable


class DynstrEditor:
    """The bytes of ``.dynstr`` while they are edited.

    ``kept`` are the offsets that stay in use. With None not all of them are known,
    and no byte of the table is changed.
    """

    def __init__(self, raw: bytes, kept: Collection[int] | None) -> None:
        self.raw = bytearray(raw)
        self._kept = None if kept is None else sorted(kept)

    @property
    def is_known(self) -> bool:
        """True if every use of the table is known."""
        return self._kept is not None

    def release(self, offsets: Iterable[int]) -> None:
        """Free the names at ``offsets``, so that others can overwrite those that nothing shares."""
        if self._kept is None:
            return
        for offset in set(offsets):
            start = self.raw.rfind(b"\0", 0, offset) + 1
            end = self.raw.find(b"\0", offset)
            if end > offset and start and not self._is_kept(start, end):
                self.raw[start:end] = bytes(end - start)

    def intern(self, name: bytes) -> int:
        """Return the offset of ``name``, which is added if the table does not contain it."""
        found = self.raw.find(name + b"\0")
        if found >= 0:
            return found
        room = self._find_room(len(name))
        if room is None:
            return self._append(name)
        self.raw[room : room + len(name)] = name
        return room

    def _is_kept(self, start: int, end: int) -> bool:
        """Tell whether something refers into this range."""
        kept = self._kept or []
        return bisect_left(kept, start) < bisect_left(kept, end)

    def _find_room(self, size: int) -> int | None:
        """Find ``size`` unused bytes between two NULs."""
        if self._kept is None:
            return None
        for run in re.finditer(rb"\0{%d,}" % (size + 2), self.raw):
            start = run.start() + 1
            if not self._is_kept(start, start + size):
                return start
        return None

    def _append(self, name: bytes) -> int:
        if self._kept is not None:
            # Remove unused NULs at the end.
            used = len(self.raw.rstrip(b"\0")) + 1
            last = self._kept[-1] + 1 if self._kept else 0
            del self.raw[max(used, min(last, len(self.raw))) :]
        if not self.raw.endswith(b"\0"):
            self.raw += b"\0"
        start = len(self.raw)
        self.raw += name + b"\0"
        return start
