"""Locks between processes, held by the operating system.

A lock ends with the last process that has the file open, even if it is killed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows, where nothing is kept
    fcntl = None  # type: ignore[assignment]

CAN_LOCK = fcntl is not None


@dataclass(frozen=True)
class Lock:
    """A lock that is held. A child process that inherits the descriptor holds it too."""

    descriptor: int

    def release(self) -> None:
        """Release the lock. Other processes with the descriptor still hold it."""
        os.close(self.descriptor)


def try_lock(path: Path, *, shared: bool = False) -> Lock | None:
    """Take the lock of this name without waiting. Return None if another process has it.

    Any number of processes can hold it shared, or one exclusively. Raise
    :class:`OSError` if the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            if _is_file(path, descriptor):
                return Lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_file(path: Path, descriptor: int) -> bool:
    """Return whether an open file still has this name. :func:`prune_locks` may have removed it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def prune_locks(directory: Path, is_wanted: Callable[[str], bool]) -> None:
    """Delete the files of locks that no process holds and whose names are not wanted."""
    with suppress(OSError):
        for path in directory.iterdir():
            lock = None if is_wanted(path.name) else try_lock(path)
            if lock is not None:
                try:
                    path.unlink(missing_ok=True)
                finally:
                    lock.release()


@contextmanager
def wait_for_lock(path: Path) -> Iterator[None]:
    """Wait until no other process has the lock of this name, and hold it for a block.

    On systems without locks (:data:`CAN_LOCK`) it does nothing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if CAN_LOCK:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
