"""Store of what takes long to make (roots, interpreters, sources): once for each user."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from filelock import FileLock


def directory() -> Path:
    """``$SYSTEMS_CACHE``, or ``felloe-tests`` in the user's cache directory."""
    chosen = os.environ.get("SYSTEMS_CACHE")
    if chosen:
        return Path(chosen).resolve()
    import platformdirs  # not in the quick tier's environment

    return platformdirs.user_cache_path("felloe-tests")


def make_once(name, recipe, make) -> Path:
    """The directory that ``make(part, place)`` fills, kept under its name and recipe.

    ``part`` is empty and becomes ``place`` when all went well; what needs to know where it
    will be at last asks ``place``. Other processes wait.
    """
    home = directory()
    home.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(repr(recipe).encode()).hexdigest()[:10]
    place = home / f"{name}-{digest}"
    with FileLock(home / f"{place.name}.lock"):
        if not place.exists():
            part = home / f"{place.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part, place)
            part.rename(place)
    return place
