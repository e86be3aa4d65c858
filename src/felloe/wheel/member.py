"""The members of a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from felloe.wheel.content import Buffer, Deflated, InMemory, OnDisk, Stored


@dataclass(frozen=True)
class Member:
    """A file of a wheel: its path, its size, its permission to run, and its content."""

    name: str
    size: int
    executable: bool
    content: InMemory | OnDisk | Stored | Deflated

    @classmethod
    def from_bytes(cls, name: str, data: bytes, *, executable: bool = False) -> Member:
        """Return a member with this content."""
        return cls(name, len(data), executable, InMemory(data))

    @classmethod
    def from_file(cls, name: str, path: Path, *, executable: bool = False) -> Member:
        """Return a member whose content stays in a file, which must not change meanwhile."""
        size = path.stat().st_size
        return cls(name, size, executable, OnDisk(path, size))

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes."""
        return self.content.head(size)

    def read(self) -> Buffer:
        """Return all bytes. Do not keep a view."""
        return self.content.read()

    def whole(self) -> bytes:
        """Return a copy of all bytes, checked against what the archive states."""
        return b"".join(self.content.chunks())
