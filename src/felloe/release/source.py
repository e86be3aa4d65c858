"""The source of the wheels: the sdist, or the tree that it unpacks to.

With felloe's cache, a build of a source tree keeps its objects. So the sdist is
unpacked to a stable directory, one for each project, and the next release of the
project compiles only what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from felloe.build.cache.directory import cache_root
from felloe.build.cache.entry import lock_of, make_root, write_card
from felloe.build.cache.lock import CAN_LOCK, Lock
from felloe.config.project import Project
from felloe.config.settings import CacheSettings, Settings, read_settings, runs_in_ci, split_config
from felloe.errors import FelloeError
from felloe.release.source_tree import refresh_tree

KIND = "sources"
"""The kind of those directories in the cache."""


@dataclass(frozen=True)
class Source:
    """The argument of a build frontend."""

    path: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the build."""


@contextmanager
def choose_source(
    project: Project,
    sdist: Path,
    config: Sequence[str],
    environ: Mapping[str, str],
    *,
    fresh: bool,
) -> Iterator[Source]:
    """Yield the tree in the cache, or the sdist if another process uses the tree."""
    if fresh:
        yield Source(sdist, {"FELLOE_CACHE": "false"} if is_ours(project) else {})
        return
    cache = _find_cache(project, config, environ)
    if cache is None:
        yield Source(sdist)
        return
    stable = _borrow(cache, project)
    if stable is None:  # the cache cannot be written, or another release is running
        yield Source(sdist)
        return
    path, lock = stable
    try:
        yield _unpacked(sdist, path, str(project.root))
    finally:
        lock.release()


def _borrow(cache: CacheSettings, project: Project) -> tuple[Path, Lock] | None:
    """Lock the project's directory in the cache. Return None if that is impossible."""
    name = hashlib.sha256(str(project.root.resolve()).encode("utf-8", "surrogateescape"))
    try:
        root = cache_root(cache)
        path = root / KIND / name.hexdigest()[:16]
        make_root(root)
        lock = lock_of(path)
    except (OSError, FelloeError):
        return None
    return (path, lock) if lock is not None else None


def _unpacked(sdist: Path, path: Path, about: str) -> Source:
    try:
        tree = refresh_tree(sdist, path / "source")
        write_card(path, about)
    except OSError:  # a full disk: the frontend may have space elsewhere
        return Source(sdist)
    return Source(tree, {"FELLOE_CACHE": "true"})


def is_ours(project: Project) -> bool:
    """Return whether felloe is the project's backend."""
    system = project.table.get("build-system", {})
    return isinstance(system, Mapping) and system.get("build-backend") == "felloe"


def check_settings(
    project: Project, config: Sequence[str], targets: Sequence[str], environ: Mapping[str, str]
) -> None:
    """Raise :class:`FelloeError` for invalid settings of felloe, before any build does."""
    for target in targets or (None,) if is_ours(project) else ():
        words = [*config, f"felloe.target={target}"] if target else config
        _read_settings(project, words, environ)


def find_py_api(project: Project, config: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the engine's ``wheel.py-api``; empty if every Python gets a wheel of its own."""
    return project.skbuild(_parse_config(config), environ).get_text("wheel", "py-api")


def _find_cache(
    project: Project, config: Sequence[str], environ: Mapping[str, str]
) -> CacheSettings | None:
    """Return the cache, if it keeps parallel builds of one tree apart."""
    if not is_ours(project) or not CAN_LOCK:
        return None  # setuptools and others write into the source tree
    if project.skbuild(_parse_config(config), environ).is_set("build-dir"):
        return None
    cache = _read_settings(project, config, environ).cache
    is_on = cache.use == "true" or (cache.use == "auto" and not runs_in_ci(environ))
    return cache if is_on else None


def _read_settings(project: Project, config: Sequence[str], environ: Mapping[str, str]) -> Settings:
    ours, _ = split_config(_parse_config(config))
    return read_settings(project.felloe, ours, environ)


def _parse_config(config: Sequence[str]) -> dict[str, Any]:
    """Parse as the frontends do: a key that is given more than once has a list."""
    values: dict[str, Any] = {}
    for word in config:
        key, _, value = word.partition("=")
        if key in values:
            before = values[key]
            values[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            values[key] = value
    return values
