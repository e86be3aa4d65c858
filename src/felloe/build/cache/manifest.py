"""Size and modification time of files, to detect changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

Stamp = tuple[int, int]
"""Bytes, and nanoseconds since 1970."""

GONE: Stamp = (-1, -1)


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """Return the stamp of a file now; :data:`GONE` if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # the name contains NUL
        return GONE
    return (status.st_size, status.st_mtime_ns)


def take_stamps(paths: Iterable[str], base: str = "") -> dict[str, Stamp]:
    """Return the stamp of each file, by its path. Relative paths are below ``base``."""
    return {path: stamp(os.path.join(base, path)) for path in paths}


def find_changed(stamps: Mapping[str, Stamp], base: str = "") -> dict[str, Stamp]:
    """Return the files that have changed, with their stamps now."""
    now = take_stamps(stamps, base)
    return {path: now[path] for path, was in stamps.items() if now[path] != was}


def write_manifest(file: Path, stamps: Mapping[str, Stamp], digests: Mapping[str, str]) -> None:
    """Write a line for each path: size, time, digest, path. The file is replaced as a whole."""
    lines = [
        f"{size} {time} {digests.get(path, '-')} {path}\n" for path, (size, time) in stamps.items()
    ]
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    part.replace(file)


def read_manifest(file: Path) -> tuple[dict[str, Stamp], dict[str, str]]:
    """Return the stamps and digests of a manifest. Raise :class:`ValueError` for another file."""
    stamps, digests = {}, {}
    for line in file.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        size, time, digest, path = line.split(" ", 3)
        stamps[path] = (int(size), int(time))
        digests[path] = digest
    return stamps, digests
