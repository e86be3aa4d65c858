"""Small JSON files that describe the entries of the cache."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_document(file: Path, values: Mapping[str, Any]) -> None:
    """Write a temporary file and rename it when it is on the disk."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(values))
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def read_document(file: Path) -> dict[str, Any]:
    """Return the values that :func:`write_document` wrote.

    Raise :class:`ValueError` for a file that it cannot have written,
    :class:`OSError` for one that cannot be read.
    """
    if not file.is_file():
        raise FileNotFoundError(file)
    text = file.read_text(encoding="utf-8")
    try:
        values = json.loads(text)
    except RecursionError:
        values = None
    if not isinstance(values, dict) or "\\u0000" in text:  # no path can contain NUL
        raise ValueError(file)
    return values
