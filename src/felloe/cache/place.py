"""Where what is kept between builds is kept."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

from felloe.settings import CacheSettings

LAYOUT = "v1"
"""Another layout gets another directory: no felloe reads what it does not understand."""


def cache_root(settings: CacheSettings) -> Path:
    """``$XDG_CACHE_HOME/felloe/v1`` and its like on other systems. It need not exist."""
    chosen = settings.directory
    root = Path(chosen).expanduser() if chosen else user_cache_path("felloe", appauthor=False)
    return root.absolute() / LAYOUT
