"""Hashes of files and of contents that are read in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from felloe.wheel.content import CHUNK, Buffer


def hash_chunks(chunks: Iterable[Buffer], algorithm: str = "sha256") -> bytes:
    """Return the hash of all chunks, one after the other."""
    hasher = hashlib.new(algorithm)
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.digest()


def hash_file(path: Path | str) -> bytes:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:  # noqa: PTH123 - a path need not be made of each of many
        return hash_chunks(iter(lambda: file.read(CHUNK), b""))
