"""Location of the cache directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from felloe.config.settings import CacheSettings
from felloe.errors import FelloeError

LAYOUT = "v1"
"""Version of the layout. Each version has its own directory."""


def cache_root(settings: CacheSettings) -> Path:
    """Return ``$XDG_CACHE_HOME/felloe/v1``, or its equivalent elsewhere. It may not exist yet.

    Raise :class:`FelloeError` for a user without a home directory.
    """
    root = Path(settings.directory) if settings.directory else _find_default()
    try:
        return root.expanduser().absolute() / LAYOUT
    except RuntimeError as cause:
        raise FelloeError(
            "no directory for the cache: this user has no home directory",
            hint="set FELLOE_CACHE_DIR or the setting cache-dir to a directory",
        ) from cause


def _find_default() -> Path:
    """Return the directory for caches of the system, as ``platformdirs`` does."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
        return Path(local, "felloe", "Cache")
    if sys.platform == "darwin":
        return Path("~/Library/Caches/felloe")
    named = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says to ignore a relative path.
    return Path(named if named.startswith("/") else "~/.cache", "felloe")
