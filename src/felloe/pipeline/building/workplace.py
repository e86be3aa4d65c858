"""Where the engine works: an environment that stays, and a build tree that stays.

Neither is needed for a build. What stands in the way of one is said in a note,
and the engine works as the frontend has prepared it.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from felloe import console
from felloe.cache.lock import CAN_LOCK
from felloe.cache.origin import Origin, read_origin, relocate, relocate_config
from felloe.cache.place import cache_root
from felloe.errors import EngineFailed, FelloeError
from felloe.finding import Finding
from felloe.pipeline.building.build import Build
from felloe.settings import ConfigSettings
from felloe.target import Target

if TYPE_CHECKING:
    from felloe.cache.tree import Tree

_BUILD_DIR = "build-dir"
_UNPACKED = re.compile(r"/(pip-req-build-|pip-install-|pip-wheel-|build-via-sdist-|sdists-v\d+/)")
"""Where frontends put a project for one build only."""
_UNSPEAKABLE = re.compile(r'[;"\\\n\udc80-\udcff]')
"""What cannot stand in the path of a build directory, bytes that are not UTF-8 among it."""
_LEAST_FREE = 64 * 10**6
"""Bytes. A build tree needs some room, and its disk may be the system's."""


@dataclass(frozen=True)
class Workplace:
    """A build, and what is kept of it."""

    build: Build
    root: Path | None
    """The cache's directory; None if nothing is to be kept."""
    origin: Origin
    address: str
    """Of the environment; empty for the frontend's own."""


@contextmanager
def workplace(build: Build) -> Iterator[Workplace]:
    """Give the engine an environment with an address, if the one at hand will vanish.

    The environment stays in use, and cannot be pruned, until the block ends.
    """
    origin = read_origin()
    if not _is_wanted(build):
        yield Workplace(build, None, origin, "")
        return
    root = _open_root(build)
    with ExitStack() as stack:
        place = Workplace(build, root, origin, "")
        if root is not None and origin.vanishes:
            place = _settle(place, root, stack)
        yield place


def build_in_tree(
    kind: str, place: Workplace, target: Target, directory: Path, config: ConfigSettings | None
) -> Path:
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
    return place.build.engine.build(kind, directory, config)


def _build_with(
    tree: Tree, kind: str, place: Workplace, directory: Path, config: ConfigSettings | None
) -> Path | None:
    """Build in a tree that is ours. None if that cannot be done, or what came out is doubtful."""
    from felloe.cache.tree import discard, finish, start

    environ, began, made = place.build.environ, time.time_ns(), None
    path = str(tree.build_dir).replace("{", "{{").replace("}", "}}")  # a template, to the engine
    engine = place.build.engine.holding(tree.lock.descriptor)
    is_spoilt = False
    try:
        before = start(tree, environ)
    except OSError as cause:
        _say(f"{tree.path} cannot be used: {cause.strerror}", "building without it")
        return None
    try:
        made = engine.build(kind, directory, {**(config or {}), _BUILD_DIR: path})
        if before is not None and before.search.find_new():
            is_spoilt = True  # a header was generated that older objects have not seen
    except EngineFailed:
        is_spoilt = not _has_room(tree.path)
        if not is_spoilt:
            raise
        _say(f"the disk of {place.root} is full", "building without the cache")
    finally:
        try:
            kept = not is_spoilt and finish(tree, environ, began, well=made is not None)
        except OSError:
            kept = False
        if not kept:
            discard(tree)
    return None if is_spoilt else made


def _is_wanted(build: Build) -> bool:
    """Whether to keep anything: ``cache`` says so, or CI does not build an sdist."""
    use, root = build.settings.cache.use, build.project.root
    compiles = build.project.engine("wheel", "cmake") is not False
    if use == "false" or not compiles or not CAN_LOCK:
        return False
    in_ci = build.environ.get("CI", "").lower() not in ("", "0", "false")
    return use == "true" or not (in_ci and (root / "PKG-INFO").exists())


def _open_root(build: Build) -> Path | None:
    """The cache's directory, made if need be; None if it cannot be used."""
    from felloe.cache.entry import make_root

    try:
        root = cache_root(build.settings.cache)
    except FelloeError as cause:
        _say(cause.message, "building without the cache")
        return None
    if _UNSPEAKABLE.search(str(root)):
        _say(f"CMake cannot build in {root}", "building without the cache")
        return None
    try:
        make_root(root)
        if _has_room(root):
            return root
        _say(f"the disk of {root} is full", "building without the cache")
    except OSError as cause:
        _say(f"{root} cannot be used: {cause.strerror}", "building without the cache")
    return None


def _has_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path).free >= _LEAST_FREE
    except OSError:
        return True


def _settle(place: Workplace, root: Path, stack: ExitStack) -> Workplace:
    """Move the engine to the environment of the same content that stays."""
    from felloe.cache.distribution import Unplaceable, read_content
    from felloe.cache.environment import place_environment

    build, origin = place.build, place.origin
    try:
        environment = place_environment(root, origin, read_content(origin))
    except (OSError, Unplaceable) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        _say(
            f"the build environment could not be kept in {root}: {reason}",
            "building in the frontend's own",
        )
        return replace(place, root=None)
    stack.callback(environment.lock.release)
    environ = relocate(build.environ, origin, str(environment.path))
    engine = build.engine.moved(environment.python, environ)
    engine = engine.holding(environment.lock.descriptor)
    config = relocate_config(build.engine_config, origin, str(environment.path))
    moved = replace(build, engine=engine, environ=environ, engine_config=config)
    return replace(place, build=moved, address=environment.address)


def _borrow(place: Workplace, target: Target, config: ConfigSettings | None) -> Tree | None:
    """The tree that belongs to this build; None if there is to be none."""
    if place.root is None or not may_have_tree(place, config):
        return None
    from felloe.cache.tree import borrow_tree

    name, project = name_tree(place, target, config), str(place.build.project.root)
    try:
        return borrow_tree(place.root, name, project)
    except OSError as cause:
        _say(f"no build tree in {place.root}: {cause.strerror}", "building without one")
        return None


def name_tree(place: Workplace, target: Target, config: ConfigSettings | None) -> str:
    """What a build's tree is called: the project, and a hash of all that the build depends on."""
    from felloe.cache.key import Facts

    build = place.build
    facts = Facts(build.project, target, place.origin, place.address, config, build.environ)
    return f"{_name(build)}-{facts.key}"


def may_have_tree(place: Workplace, config: ConfigSettings | None) -> bool:
    """A source tree has one, unless its build directory was chosen by somebody."""
    project = place.build.project
    if _UNPACKED.search(str(project.root)):
        return False
    if (project.root / "PKG-INFO").exists() and place.build.settings.cache.use != "true":
        return False  # unpacked for once, unless `felloe build` says that it stays
    if place.origin.vanishes and not place.address:
        return False  # its paths would be stale at once
    chosen = {_BUILD_DIR, f"skbuild.{_BUILD_DIR}"} & set(config or {})
    chosen |= {"SKBUILD_BUILD_DIR"} & set(place.build.environ)
    return not chosen and not _has_key(project.engine(), _BUILD_DIR)


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


def prune_cache(root: Path, limit: int) -> None:
    """Keep the cache below its limit, as far as that can be done."""
    from felloe.cache.prune import prune

    with suppress(OSError):
        prune(root, limit)


def _say(what: str, then: str) -> None:
    console.report_note(Finding(f"{what}; {then}"))
