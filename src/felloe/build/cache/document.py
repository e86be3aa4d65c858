"""Small JSON files in which the cache says of its entries what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_document(file: Path, values: Mapping[str, Any]) -> None:
    """Write beside, and rename once it is on the disk."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(values))
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def read_document(file: Path) -> dict[str, Any]:
    """What :func:`write_document` wrote.

    Raises :class:`ValueError` for what it cannot have written, :class:`OSError`
    for what cannot be read.
    """
    if not file.is_file():
        raise FileNotFoundError(file)
    text = file.read_text(encoding="utf-8")
    try:
        values = json.loads(text)
    except RecursionError:
        values = None
    if not isinstance(values, dict) or "\\u0000" in text:  # which no path can hold
        raise ValueError(file)
    return values
