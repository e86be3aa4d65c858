"""Identities of files, which are equal as long as a file is unchanged.

A *key* is a letter and a path: ``f`` for the file at a path, ``e`` for its existence, ``l`` for a
symbolic link itself, ``d`` for the names in a directory. An *identity* is a JSON value.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Union

Identity = Union[None, str, "list[int | str]"]

UNKNOWN = "unknown"
"""The identity of a file that was changed while it was read. It never counts as equal."""
DIRECTORY = "directory"
_SPECIAL = "special"
_THERE = "there"
_IGNORED = "__pycache__"
"""Directory that Python writes at imports, and checks against the sources each time."""
_LARGEST = 1 << 20
"""Largest file that is hashed, in bytes. A larger one has changed if its times have."""
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Changes:
    """Differences between files and their identities."""

    content: frozenset[str]
    """Keys of files with another content."""
    touched: frozenset[str]
    """Keys of files with another time but unchanged content."""

    def __bool__(self) -> bool:
        return bool(self.content or self.touched)


def take_identity(key: str, *, with_content: bool) -> Identity:
    """Return the identity of a key now; None for a missing file.

    ``with_content`` adds a hash of the content of a file.
    """
    path = key[1:]
    try:
        if key[0] == "l":
            return f"-> {os.readlink(path)}"
        status = os.stat(path)
        is_directory = stat.S_ISDIR(status.st_mode)
        if key[0] == "e" or (key[0] == "f" and is_directory):
            return DIRECTORY if is_directory else _THERE
        if not is_directory and not stat.S_ISREG(status.st_mode):
            return _SPECIAL
        stamp = _stamp(status)
        if key[0] == "d":
            return [*stamp, _hash_names(path) if is_directory else ""]
        is_hashed = with_content and status.st_size <= _LARGEST
        return [*stamp, _hash_file(path) if is_hashed else ""]
    except (OSError, ValueError):
        return None


def find_changes(identities: Mapping[str, Identity]) -> Changes:
    """Compare identities with the files on the disk now."""
    content: set[str] = set()
    touched: set[str] = set()
    for key, was in identities.items():
        if was == UNKNOWN:
            content.add(key)
        elif isinstance(was, list):
            now = _compare(key, was)
            if now is not None:
                (touched if now else content).add(key)
        elif take_identity(key, with_content=False) != was:
            content.add(key)
    return Changes(frozenset(content), frozenset(touched))


def _compare(key: str, was: list[int | str]) -> bool | None:
    """Return None if a file is untouched, else whether its content is unchanged."""
    try:
        status = os.stat(key[1:])
        stamp = _stamp(status)
        if stamp == was[:4]:
            return None
        if key[0] == "d":
            return None if _hash_names(key[1:]) == was[4] else False
        if not was[4] or stamp[0] != was[0] or not stat.S_ISREG(status.st_mode):
            return False
        return _hash_file(key[1:]) == was[4]
    except (OSError, ValueError):
        return False


def changed_since(key: str, when: int) -> bool:
    """Return whether a file was changed in any way since ``when`` (nanoseconds since 1970)."""
    try:
        status = os.stat(key[1:], follow_symlinks=key[0] != "l")
    except (OSError, ValueError):
        return False
    if key[0] == "f" and stat.S_ISDIR(status.st_mode):
        return False
    return status.st_ctime_ns >= when


def take_identities(
    keys: Iterable[str], with_content: Callable[[str], bool]
) -> dict[str, Identity]:
    """Return the identity of each key now."""
    return {key: take_identity(key, with_content=with_content(key[1:])) for key in keys}


def _stamp(status: os.stat_result) -> list[int | str]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _hash_names(path: str) -> str:
    names = sorted(name for name in os.listdir(path) if name != _IGNORED)
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_file(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
