"""Write a file completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from felloe.errors import FelloeError


def prepare_directory(path: Path) -> None:
    """Make ``path`` if it is missing, and check that it can be written.

    Call it before the work, not after. Raises :class:`FelloeError`.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as cause:
        raise FelloeError(f"{path} is not a directory", hint="choose another place") from cause
    except OSError as cause:
        raise FelloeError(
            f"{path} cannot be made: {cause.strerror}", hint="choose another directory"
        ) from cause
    if not os.access(path, os.W_OK):
        raise FelloeError(f"{path} cannot be written", hint="choose another directory")


@contextmanager
def placing(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file beside ``path`` that is renamed to it when the block ends without an error.

    Yields the open file and its path until then. If the block fails, nothing is
    left. If the process is killed, a hidden ``.part`` file may stay.
    """
    part = path.with_name(f".{path.name[:80]}.{os.urandom(6).hex()}.part")
    try:
        descriptor = os.open(
            part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
        )
    except OSError as cause:
        raise FelloeError(
            f"cannot write {path.name} to {path.parent}: {cause.strerror}",
            hint="choose a directory that exists and can be written",
        ) from cause
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file, part
        part.replace(path)
    except OSError as cause:
        raise FelloeError(
            f"cannot write {path.name} to {path.parent}: {cause.strerror or cause}"
        ) from cause
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
