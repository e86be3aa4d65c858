"""Keep the cache below its size limit."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from felloe.build.cache.entry import KINDS, Entry, read_entries, remove_entry
from felloe.build.cache.lock import CAN_LOCK, prune_locks
from felloe.build.editable.state import find_needed

_ABANDONED = 3600
"""Seconds after which an unfinished directory counts as abandoned."""


def prune(root: Path, limit: int) -> list[Entry]:
    """Delete the longest unused entries until ``limit`` bytes are left, and return them.

    Entries in use stay, whatever their size. So do entries that editable
    installs need, which do not count. Entries that cannot be deleted are skipped.
    """
    _sweep(root)
    if CAN_LOCK:
        prune_locks(root / "locks", lambda name: _find_entry(root, name).exists())
    needed = find_needed(root)
    entries = [entry for entry in read_entries(root) if entry.path not in needed]
    total = sum(entry.size for entry in entries)
    removed = []
    for entry in entries:
        if total <= limit:
            break
        if remove_entry(entry):
            removed.append(entry)
            total -= entry.size
    return removed


def _find_entry(root: Path, lock: str) -> Path:
    """Return the entry that a lock is named after: ``trees-demo-1`` of ``trees/demo-1``."""
    kind, _, name = lock.partition("-")
    return root / kind / name


def _sweep(root: Path) -> None:
    """Delete the unfinished directories of processes that were killed."""
    horizon = time.time() - _ABANDONED
    for kind in KINDS:
        with suppress(OSError):
            for path in (root / kind).iterdir():
                if path.name.startswith(".") and path.lstat().st_mtime < horizon:
                    _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
