"""Where what is kept between builds is kept."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

from felloe.config.settings import CacheSettings
from felloe.errors import FelloeError

LAYOUT = "v1"
"""Another layout gets another directory: no felloe reads what it does not understand."""


def cache_root(settings: CacheSettings) -> Path:
    """``$XDG_CACHE_HOME/felloe/v1`` and its like on other systems. It need not exist.

    Raises :class:`FelloeError` for a user without a home directory.
    """
    chosen = settings.directory
    try:
        root = Path(chosen).expanduser() if chosen else user_cache_path("felloe", appauthor=False)
    except RuntimeError:
        root = Path("~")
    if str(root).startswith("~"):  # as older platformdirs answer
        raise FelloeError(
            "there is no home directory to keep anything in",
            hint="name a place: FELLOE_CACHE_DIR, or the setting cache-dir",
        )
    return root.absolute() / LAYOUT
