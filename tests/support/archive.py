"""Unpack sdists in tests."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any


def unpack_sdist(sdist: Path, place: Path) -> Path:
    """Unpack an sdist into a directory and return its only folder."""
    safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(sdist) as archive:
        archive.extractall(place, **safely)
        (name,) = {member.name.partition("/")[0] for member in archive}
    return place / name
