"""A build in the tree that the last one left, if there is one and nobody is in it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from felloe.build.build import Build
from felloe.build.environment.context import BuildContext, has_room, prune_cache, say
from felloe.build.link_directory import find_link_directories, keep_linked
from felloe.config.settings import ConfigSettings
from felloe.errors import EngineFailed
from felloe.python.target import Target

if TYPE_CHECKING:
    from felloe.build.tree.tree import Tree

_BUILD_DIR = "build-dir"
_UNPACKED = re.compile(r"/(pip-req-build-|pip-install-|pip-wheel-|build-via-sdist-|sdists-v\d+/)")
"""Where frontends put a project for one build only."""


class EngineWheel(NamedTuple):
    """A wheel as the engine built it."""

    path: Path
    linked: tuple[str, ...] = ()
    """Directories of the libraries that CMake linked; empty if the user chose the build-dir."""


def build_in_tree(
    kind: str, place: BuildContext, target: Target, directory: Path, config: ConfigSettings | None
) -> EngineWheel:
    """Have the engine build a ``kind``, in the tree of the last such build if there is one."""
    tree = _borrow(place, target, config)
    if tree is not None and place.root is not None:
        try:
            made = _build_with(tree, kind, place, directory, config)
        finally:
            tree.lock.release()
        if made is not None:
            prune_cache(place.root, place.build.settings.cache.limit)
            return made
    if _has_build_dir(place.build, config):
        return EngineWheel(place.build.engine.build(kind, directory, config))
    path = str(directory / "build").replace("{", "{{").replace("}", "}}")
    made_once = place.build.engine.build(kind, directory, {**(config or {}), _BUILD_DIR: path})
    return EngineWheel(made_once, tuple(map(str, find_link_directories(directory / "build"))))


def _build_with(
    tree: Tree, kind: str, place: BuildContext, directory: Path, config: ConfigSettings | None
) -> EngineWheel | None:
    """Build in a tree that is ours. None if that cannot be done, or what came out is doubtful."""
    from felloe.build.tree.tree import discard, finish, start

    environ, began, made = place.build.environ, time.time_ns(), None
    path = str(tree.build_dir).replace("{", "{{").replace("}", "}}")  # a template, to the engine
    engine = place.build.holding(tree.lock.descriptor).engine
    is_spoilt = False
    try:
        before = start(tree, environ)
    except OSError as cause:
        say(f"{tree.path} cannot be used: {cause.strerror}", "building without it")
        return None
    try:
        scratch = f"{tree.path}/scratch"
        shutil.rmtree(scratch, ignore_errors=True)  # of a build that was killed
        wheel = engine.build(kind, directory, {**(config or {}), _BUILD_DIR: path}, scratch)
        made = EngineWheel(wheel, keep_linked(tree.build_dir, directory / "linked"))
        if before is not None and before.search.find_new():
            is_spoilt = True  # a header was generated that older objects have not seen
    except EngineFailed:
        is_spoilt = not has_room(tree.path)
        if not is_spoilt:
            raise
        say(f"the disk of {place.root} is full", "building without the cache")
    finally:
        try:
            kept = not is_spoilt and finish(tree, environ, began, well=made is not None)
        except OSError:
            kept = False
        if not kept:
            discard(tree)
    return None if is_spoilt else made


def _borrow(place: BuildContext, target: Target, config: ConfigSettings | None) -> Tree | None:
    """The tree that belongs to this build; None if there is to be none."""
    if place.root is None or not may_have_tree(place, config):
        return None
    from felloe.build.tree.tree import borrow_tree

    name, project = name_tree(place, target, config), str(place.build.project.root)
    try:
        return borrow_tree(place.root, name, project)
    except OSError as cause:
        say(f"no build tree in {place.root}: {cause.strerror}", "building without one")
        return None


def name_tree(place: BuildContext, target: Target, config: ConfigSettings | None) -> str:
    """What a build's tree is called: the project, and a hash of all that the build depends on."""
    from felloe.build.tree.key import Facts

    build = place.build
    facts = Facts(build.project, target, place.origin, place.address, config, build.environ)
    return f"{_name(build)}-{facts.key}"


def may_have_tree(place: BuildContext, config: ConfigSettings | None) -> bool:
    """A source tree has one, unless its build directory was chosen by somebody."""
    project = place.build.project
    if _UNPACKED.search(str(project.root)):
        return False
    if (project.root / "PKG-INFO").exists() and place.build.settings.cache.use != "true":
        return False  # unpacked for once, unless `felloe build` says that it stays
    if place.origin.vanishes and not place.address:
        return False  # its paths would be stale at once
    return not _has_build_dir(place.build, config)


def _has_build_dir(build: Build, config: ConfigSettings | None) -> bool:
    """Return whether the user chose a build directory."""
    chosen = {_BUILD_DIR, f"skbuild.{_BUILD_DIR}"} & set(config or {})
    chosen |= {"SKBUILD_BUILD_DIR"} & set(build.environ)
    return bool(chosen) or _has_key(build.project.engine(), _BUILD_DIR)


def _has_key(table: object, key: str) -> bool:
    """Whether a table has a key, or one of its ``overrides`` does."""
    if not isinstance(table, Mapping):
        return False
    overrides = table.get("overrides")
    return key in table or any(
        _has_key(override, key) for override in (overrides if isinstance(overrides, list) else ())
    )


def _name(build: Build) -> str:
    project = build.project.table.get("project")
    name = str(project.get("name", "")) if isinstance(project, Mapping) else ""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "project"
