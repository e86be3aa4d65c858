"""An entry of the cache: a directory, what it is, its size, when it was last used.

    <root>/environments/<address>/       an environment
    <root>/trees/<name>-<key>/           a build tree
    <root>/editables/<name>-<key>/       the room of an editable install
    <root>/sources/<key>/                what `felloe build` unpacked of a project
    <root>/locks/<kind>-<name>           held by who uses it: shared, or alone

Each holds an ``entry.json``, whose time of change is that of the last use.
Directories whose names begin with a dot are unfinished or given up.
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
    """Something kept."""

    path: Path
    kind: str
    about: str
    """The project of a tree, the distributions of an environment."""
    size: int
    """Bytes."""
    used: float
    """Seconds since 1970."""


def make_root(root: Path) -> None:
    """The cache's directory, which backups and git pass by. Raises :class:`OSError`.

    One that belongs to another user is refused: who owns it decides what is run from it.
    So does who can write to it, therefore a new one is its owner's alone.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and root.stat().st_uid not in (os.getuid(), 0):
        raise PermissionError(errno.EPERM, "it belongs to another user", str(root))
    for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
        if not (root / name).exists():
            (root / name).write_text(text, encoding="utf-8")


def lock_of(path: Path, *, shared: bool = False) -> Lock | None:
    """The lock of an entry, without waiting; None if another process has it."""
    return try_lock(path.parent.parent / "locks" / f"{path.parent.name}-{path.name}", shared=shared)


def write_card(path: Path, about: str) -> None:
    """Note what an entry is, how large, and that it has just been used."""
    write_document(path / CARD, {"about": about, "size": measure(path)})


def touch_card(path: Path) -> None:
    """Note that an entry is used now."""
    os.utime(path / CARD)


def read_entries(root: Path) -> list[Entry]:
    """All that is kept, the longest unused first. What cannot be read counts as never used."""
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
    """The bytes of all files below a directory, or of a file."""
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
    """Take a directory out of use, at once, and then delete it."""
    gone = path.with_name(f".gone-{os.urandom(6).hex()}")
    with suppress(FileNotFoundError):
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def remove_entry(entry: Entry) -> bool:
    """Delete an entry unless it is in use, or cannot be."""
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
