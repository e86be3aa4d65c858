"""SHA-256 of content and files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_CHUNK = 1 << 20


def hash_chunks(chunks: Iterable[bytes | memoryview]) -> bytes:
    """Return the SHA-256 of chunks, one behind the other."""
    sha256 = hashlib.sha256()
    for chunk in chunks:
        sha256.update(chunk)
    return sha256.digest()


def hash_file(path: Path) -> bytes:
    """Return the SHA-256 of a file. Raises :class:`OSError`."""
    with path.open("rb") as file:
        return hash_chunks(iter(lambda: file.read(_CHUNK), b""))
