"""Build trees that stay, and are borrowed by one build at a time."""

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
    """A build tree that this process alone may use until its lock is released."""

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
    """The tree of this name; None if another build has it, or what such a build left runs on.

    Raises :class:`OSError` if the cache cannot take it.
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
    """Whether the last build in a tree did not end by itself: its files may be cut short."""
    return (path / _MARK).exists()


def mark(path: Path) -> None:
    """Mark a tree as in use."""
    (path / _MARK).touch()


def unmark(path: Path) -> None:
    """Note that a build in a tree has ended."""
    (path / _MARK).unlink(missing_ok=True)


def discard(tree: Tree) -> None:
    """Delete a tree that is borrowed."""
    with suppress(OSError):
        set_aside(tree.path)


def has_running_processes(path: Path) -> bool:
    """Whether a process works in a directory: compilers outlive a build that was killed.

    It can be seen where there is ``/proc``.
    """
    inner = os.fsencode(path)
    return any(inner in words for words in _read_processes())


def _read_processes() -> Iterator[bytes]:
    """Return the directory and the command of each process."""
    with suppress(OSError):
        for name in os.listdir("/proc"):
            with suppress(OSError):
                if name.isdigit():
                    yield os.readlink(os.fsencode(f"/proc/{name}/cwd"))
                    yield Path(f"/proc/{name}/cmdline").read_bytes()
