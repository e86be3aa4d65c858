"""The default place of the cache, on each system as platformdirs has it."""

import sys
from pathlib import Path

import pytest

from felloe.build.cache.directory import LAYOUT, cache_root
from felloe.build.cache.lock import wait_for_lock
from felloe.config.settings import CacheSettings
from felloe.errors import FelloeError


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {}, "/home/u/.cache/felloe"),
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/felloe"),
        ("linux", {"XDG_CACHE_HOME": "x"}, "/home/u/.cache/felloe"),
        ("darwin", {}, "/home/u/Library/Caches/felloe"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/felloe/Cache"),
    ],
)
def test_default(system, variables, expected, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/u")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_root(CacheSettings()) == Path(expected, LAYOUT)


@pytest.mark.tools("platformdirs")
def test_default_is_that_of_platformdirs(monkeypatch):
    import platformdirs

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    expected = platformdirs.user_cache_path("felloe", appauthor=False)
    assert cache_root(CacheSettings()) == expected / LAYOUT


def test_no_home_is_an_error_with_a_way_out(monkeypatch):
    def fail(_):
        raise RuntimeError

    monkeypatch.setattr(Path, "expanduser", fail)
    with pytest.raises(FelloeError, match="no home directory"):
        cache_root(CacheSettings())


def test_a_lock_is_free_again_after_its_block(tmp_path):
    for _ in range(2):
        with wait_for_lock(tmp_path / "lock"):
            pass
