"""Read and write the text files of a project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from felloe.errors import FelloeError, UsageError
from felloe.wheel.atomic_write import placing


def read_text(path: Path) -> str | None:
    """Return the text of a file, with its own line ends; None if it does not exist."""
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as cause:
        raise FelloeError(f"{path} is not UTF-8: byte {cause.start} ({cause.reason})") from cause
    except OSError as cause:
        raise FelloeError(f"{path} cannot be read: {cause.strerror}") from cause


def write_file(path: Path, text: str) -> None:
    """Write or replace a file, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise FelloeError(f"{path.parent} cannot be created: {cause.strerror}") from cause
    mode = path.stat().st_mode if path.exists() else None
    with placing(path) as (file, part):
        file.write(text.encode("utf-8"))
        if mode is not None:
            part.chmod(mode & 0o7777)


def write_directory(place: Path, files: Mapping[str, str]) -> None:
    """Write files to a new directory. Raises :class:`UsageError` if it has files already."""
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise UsageError(
            f"{place} exists and is not a directory", hint="choose another --output-dir"
        )
    try:
        if place.is_dir() and any(place.iterdir()):
            raise UsageError(
                f"{place} is not empty, and files are never overwritten",
                hint="choose another --output-dir",
            )
        _fill(place, files)
    except OSError as cause:
        raise FelloeError(f"{place} cannot be written: {cause.strerror}") from cause


def _fill(place: Path, files: Mapping[str, str]) -> None:
    """Write to a directory beside it first, so that a failure leaves no half of a project."""
    place = place.resolve()  # `.` has no name
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name[:80]}.{os.urandom(6).hex()}.part")
    try:
        for path, text in files.items():
            target = part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))
        if place.exists():  # it is empty, and may be a shell's working directory
            for item in part.iterdir():
                item.rename(place / item.name)
        else:
            part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
