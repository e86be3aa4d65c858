"""The files of a project: read as text, written all or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from felloe.errors import FelloeError, UsageError
from felloe.wheel.atomic_write import placing


def read_text(path: Path) -> str | None:
    """A file's text, with its line ends as they are; None if there is no such file."""
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as cause:
        raise FelloeError(f"{path} is not UTF-8: byte {cause.start} ({cause.reason})") from cause
    except OSError as cause:
        raise FelloeError(f"{path} cannot be read: {cause.strerror}") from cause


def write_file(path: Path, text: str) -> None:
    """Write or replace one file, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise FelloeError(f"{path.parent} cannot be made: {cause.strerror}") from cause
    mode = path.stat().st_mode if path.exists() else None
    with placing(path) as (file, part):
        file.write(text.encode("utf-8"))
        if mode is not None:
            part.chmod(mode & 0o7777)


def write_directory(place: Path, files: Mapping[str, str]) -> None:
    """Make a new directory of files. Raises :class:`UsageError` if there is something already."""
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise UsageError(f"{place} exists and is no directory", hint="choose another --output-dir")
    try:
        if place.is_dir() and any(place.iterdir()):
            raise UsageError(
                f"{place} is not empty, and nothing is overwritten",
                hint="choose another --output-dir",
            )
        _fill(place, files)
    except OSError as cause:
        raise FelloeError(f"{place} cannot be written: {cause.strerror}") from cause


def _fill(place: Path, files: Mapping[str, str]) -> None:
    """Beside its place first, so that a failure leaves nothing that looks like a project."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name[:80]}.{os.urandom(6).hex()}.part")
    try:
        for path, text in files.items():
            target = part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))
        if place.exists():
            place.rmdir()  # it is empty; not every system renames over it
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
