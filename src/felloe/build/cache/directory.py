"""Location of the cache directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from felloe.config.settings import CacheSettings
from felloe.errors import FelloeError

LAYOUT = "v1"
"""Another layout gets another directory: no felloe reads what it does not understand."""


def cache_root(settings: CacheSettings) -> Path:
    """Return ``$XDG_CACHE_HOME/felloe/v1``, or its like on other systems. It need not exist.

    Raise :class:`FelloeError` for a user without a home directory.
    """
    root = Path(settings.directory) if settings.directory else _find_default()
    try:
        return root.expanduser().absolute() / LAYOUT
    except RuntimeError as cause:
        raise FelloeError(
            "there is no home directory to keep anything in",
            hint="name a place: FELLOE_CACHE_DIR, or the setting cache-dir",
        ) from cause


def _find_default() -> Path:
    """Return the directory for caches of the system, as ``platformdirs`` does."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
        return Path(local, "felloe", "Cache")
    if sys.platform == "darwin":
        return Path("~/Library/Caches/felloe")
    named = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has a relative path ignored.
    return Path(named if named.startswith("/") else "~/.cache", "felloe")
