"""Build in the tree of the last build, if it exists and no other build uses it."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from felloe import terminal
from felloe.build.build import Build
from felloe.build.environment.context import BuildContext, has_room, prune_cache, say
from felloe.build.link_directory import find_link_directories, keep_linked
from felloe.config.project import find_checkout
from felloe.config.settings import ConfigSettings
from felloe.errors import EngineFailed
from felloe.python.target import Target

if TYPE_CHECKING:
    from felloe.build.tree.repeat import Job
    from felloe.build.tree.tree import Tree

_BUILD_DIR = "build-dir"
_NOT_KEPT = "nothing is kept for the next build"
_UNPACKED = re.compile(r"/(pip-req-build-|pip-install-|pip-wheel-|build-via-sdist-|sdists-v\d+/)")
"""Directories in which frontends put a project for a single build."""


class EngineWheel(NamedTuple):
    """A wheel as the engine built it."""

    path: Path
    linked: tuple[str, ...] = ()
    """Directories of the libraries that CMake linked; empty if the user chose the build-dir."""


def build_in_tree(
    kind: str, place: BuildContext, target: Target, directory: Path, config: ConfigSettings | None
) -> EngineWheel:
    """Build a wheel of this ``kind``, in the tree of the last such build if possible."""
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
    """Build in a locked tree. Return None if that fails or the result is unreliable."""
    from felloe.build.tree.repeat import Blind
    from felloe.build.tree.tree import discard
    from felloe.build.watch.library import Unwatchable

    made: Path | None = None
    try:
        made = _repeat(tree, kind, place, directory, config)
        return _find_linked(made, tree, directory)
    except Unwatchable as cause:
        say(str(cause), _NOT_KEPT)
    except Blind as cause:
        say(str(cause), _NOT_KEPT)
        made = cause.made
    except OSError as cause:
        if cause.errno == errno.ENOSPC:
            say(f"the disk of {place.root} is full", "building without the cache")
        else:
            say(f"{tree.path} cannot be used: {cause.strerror}", "building without it")
    wheel = _find_linked(made, tree, directory)
    discard(tree)
    return wheel


def _find_linked(made: Path | None, tree: Tree, directory: Path) -> EngineWheel | None:
    """Return the wheel with the directories of the libraries that it is linked with."""
    if made is None:
        return None
    return EngineWheel(made, keep_linked(tree.build_dir, directory / "linked"))


def _repeat(
    tree: Tree, kind: str, place: BuildContext, directory: Path, config: ConfigSettings | None
) -> Path | None:
    """Return the wheel of the last build if nothing has changed, or build a new one."""
    from felloe.build.cache.entry import touch_card, write_card
    from felloe.build.tree.repeat import link_or_copy, repeat, reuse_wheel
    from felloe.build.tree.tree import mark, unmark, was_killed

    record, changes, wheel = reuse_wheel(tree.path)
    killed = was_killed(tree.path)
    if wheel is not None and not killed:
        touch_card(tree.path)
        terminal.report_progress("nothing has changed since the last build: reusing its wheel")
        return link_or_copy(wheel, directory)
    mark(tree.path)
    build = place.build.holding(tree.lock.descriptor)
    settings = {**(config or {}), _BUILD_DIR: name_build_dir(tree)}

    def run(environ: Mapping[str, str]) -> Path:
        shutil.rmtree(tree.scratch, ignore_errors=True)
        engine = replace(build, environ=environ).engine
        try:
            return engine.build(kind, directory, settings, str(tree.scratch))
        except EngineFailed as failed:
            if has_room(tree.path):
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from failed

    job = plan_job(tree, place, run, directory)
    try:
        outcome = repeat(job, None if killed else record, changes)
    except EngineFailed:
        unmark(tree.path)
        raise
    finally:
        shutil.rmtree(tree.scratch, ignore_errors=True)
        write_card(tree.path, tree.project)
    unmark(tree.path)
    terminal.report_progress(outcome.said)
    return outcome.made


def name_build_dir(tree: Tree) -> str:
    """Return the build directory as a template, as the engine expects it."""
    return str(tree.build_dir).replace("{", "{{").replace("}", "}}")


def plan_job(
    tree: Tree,
    place: BuildContext,
    run: Callable[[Mapping[str, str]], Path | None],
    directory: Path,
) -> Job:
    """Return the job of a build, whose wheel goes to ``directory``.

    Raise :class:`~felloe.build.watch.library.Unwatchable`.
    """
    from felloe.build.tree.observe import Places
    from felloe.build.tree.repeat import Job
    from felloe.build.watch.library import find_library

    build, root = place.build, place.root or tree.path
    ignored = [directory, tree.scratch, root / "watch", *place.origin.roots]
    if place.address:
        ignored.append(root / "environments" / place.address)
    places = Places(
        build_dir=str(tree.build_dir),
        checkout=str(find_checkout(build.project.root)),
        ignored=tuple(f"{path}/" for path in ignored),
        temporary=build.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - as programs take it
    )
    return Job(tree.path, places, find_library(root, build.environ), build.environ, run)


def _borrow(place: BuildContext, target: Target, config: ConfigSettings | None) -> Tree | None:
    """Lock and return the tree of this build; None if it does not use one."""
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
    """Return the name of a build's tree: the project, and a hash of the build's facts."""
    from felloe.build.tree.key import Facts

    build = place.build
    facts = Facts(build.project, target, place.origin, place.address, config, build.environ)
    return f"{_name(build)}-{facts.key}"


def may_have_tree(place: BuildContext, config: ConfigSettings | None) -> bool:
    """Return whether a build has a tree: source trees do, unless ``build-dir`` is set."""
    project = place.build.project
    if _UNPACKED.search(str(project.root)):
        return False
    if (project.root / "PKG-INFO").exists() and place.build.settings.cache.use != "true":
        return False  # an unpacked sdist, which stays only in `felloe build`
    if place.origin.vanishes and not place.address:
        return False  # the paths in the tree would not exist in the next build
    return not _has_build_dir(place.build, config)


def _has_build_dir(build: Build, config: ConfigSettings | None) -> bool:
    """Return whether the user chose a build directory."""
    chosen = {_BUILD_DIR, f"skbuild.{_BUILD_DIR}"} & set(config or {})
    chosen |= {"SKBUILD_BUILD_DIR"} & set(build.environ)
    return bool(chosen) or _has_key(build.project.engine(), _BUILD_DIR)


def _has_key(table: object, key: str) -> bool:
    """Return whether a table or one of its ``overrides`` has a key."""
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
