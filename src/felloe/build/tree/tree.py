"""Kept build trees, which one build at a time can borrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.build.cache.entry import lock_of, set_aside
from felloe.build.cache.lock import Lock

_MARK = "in-use"


@dataclass(frozen=True)
class Tree:
    """A build tree that only this process may use until its lock is released."""

    path: Path
    project: str
    lock: Lock

    @property
    def build_dir(self) -> Path:
        """The directory in which CMake builds."""
        return self.path / "build"

    @property
    def scratch(self) -> Path:
        """The directory of the engine's temporary files: it has the same path in each build."""
        return self.path / "scratch"


def borrow_tree(root: Path, name: str, project: str) -> Tree | None:
    """Lock and return the tree of this name.

    Return None if another build holds it, or if the compilers of a killed build are
    still running in it. Raise :class:`OSError` if the cache cannot be written.
    """
    path = root / "trees" / name
    lock = lock_of(path)
    if lock is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
        if (path / _MARK).exists() and has_running_processes(path):
            lock.release()
            return None
        return Tree(path, project, lock)
    except BaseException:
        lock.release()
        raise


def was_killed(path: Path) -> bool:
    """Return whether the last build in a tree was killed, so that files may be incomplete."""
    return (path / _MARK).exists()


def mark(path: Path) -> None:
    """Mark a tree as in use."""
    (path / _MARK).touch()


def unmark(path: Path) -> None:
    """Remove the mark when the build has ended."""
    (path / _MARK).unlink(missing_ok=True)


def discard(tree: Tree) -> None:
    """Delete a borrowed tree."""
    with suppress(OSError):
        set_aside(tree.path)


def has_running_processes(path: Path) -> bool:
    """Return whether a process works in a directory, such as a compiler of a killed build.

    Without ``/proc`` it returns False.
    """
    inner = os.fsencode(path)
    return any(inner in words for words in _read_processes())


def _read_processes() -> Iterator[bytes]:
    """Yield the directory and the command of each process."""
    with suppress(OSError):
        for name in os.listdir("/proc"):
            with suppress(OSError):
                if name.isdigit():
                    yield os.readlink(os.fsencode(f"/proc/{name}/cwd"))
                    yield Path(f"/proc/{name}/cmdline").read_bytes()
