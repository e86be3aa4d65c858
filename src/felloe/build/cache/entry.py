"""Entries of the cache: directories with a description, a size and the time of the last use.

    <root>/environments/<address>/       an environment
    <root>/trees/<name>-<key>/           a build tree
    <root>/editables/<name>-<key>/       the state of an editable install
    <root>/sources/<key>/                a project that `felloe build` unpacked
    <root>/locks/<kind>-<name>           the lock of an entry

Each entry has an ``entry.json``, whose modification time is that of the last use.
Directories whose names begin with a dot are unfinished or abandoned.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.build.cache.document import read_document, write_document
from felloe.build.cache.lock import Lock, try_lock

KINDS = ("environments", "trees", "editables", "sources")
CARD = "entry.json"
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# https://bford.info/cachedir/\n"


@dataclass(frozen=True)
class Entry:
    """A kept directory."""

    path: Path
    kind: str
    about: str
    """The project of a tree, the distributions of an environment."""
    size: int
    """Size in bytes."""
    used: float
    """Time of the last use, in seconds since 1970."""


def make_root(root: Path) -> None:
    """Make the cache's directory, which backups and git ignore. Raise :class:`OSError`.

    A directory of another user is refused, because its owner could change the
    programs that are run from it. So could everybody who can write to it, so
    that a new one is writable only for its owner.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and root.stat().st_uid not in (os.getuid(), 0):
        raise PermissionError(errno.EPERM, "it belongs to another user", str(root))
    for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
        if not (root / name).exists():
            (root / name).write_text(text, encoding="utf-8")


def lock_of(path: Path, *, shared: bool = False) -> Lock | None:
    """Take the lock of an entry without waiting. Return None if another process has it."""
    return try_lock(path.parent.parent / "locks" / f"{path.parent.name}-{path.name}", shared=shared)


def write_card(path: Path, about: str) -> None:
    """Write the description and the size of an entry, which counts as used now."""
    write_document(path / CARD, {"about": about, "size": measure(path)})


def touch_card(path: Path) -> None:
    """Record that an entry is used now."""
    os.utime(path / CARD)


def read_entries(root: Path) -> list[Entry]:
    """Return all entries, the longest unused first. Unreadable ones count as never used."""
    found = [_read_entry(path, kind) for kind in KINDS for path in _list(root / kind)]
    return sorted(found, key=lambda entry: entry.used)


def _list(directory: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (path for path in directory.iterdir() if not path.name.startswith("."))


def _read_entry(path: Path, kind: str) -> Entry:
    try:
        card = read_document(path / CARD)
        used = (path / CARD).stat().st_mtime
        return Entry(path, kind, str(card["about"]), int(card["size"]), used)
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return Entry(path, kind, "", measure(path), 0.0)


def measure(directory: Path) -> int:
    """Return the size of all files below a directory, or of a file, in bytes."""
    total = directory.stat().st_size if directory.is_file() else 0
    pending = [str(directory)]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    pending.append(item.path)
                else:
                    with suppress(OSError):
                        total += item.stat(follow_symlinks=False).st_size
    return total


def set_aside(path: Path) -> None:
    """Rename a directory, so that nothing uses it, and delete it."""
    gone = path.with_name(f".gone-{os.urandom(6).hex()}")
    with suppress(FileNotFoundError):
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def remove_entry(entry: Entry) -> bool:
    """Delete an entry unless it is in use. Return whether it was deleted."""
    try:
        lock = lock_of(entry.path)
    except OSError:
        return False
    if lock is None:
        return False
    try:
        if entry.path.is_dir() and not entry.path.is_symlink():
            set_aside(entry.path)
        else:
            entry.path.unlink()
    except OSError:
        return False
    finally:
        lock.release()
    return True
