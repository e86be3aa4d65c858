"""Where the engine works: in an environment that stays, as long as nothing stands in the way.

It is not needed for a build. What stands in the way is said in a note, and the
engine works as the frontend has prepared it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from felloe import terminal
from felloe.build.build import Build
from felloe.build.cache.directory import cache_root
from felloe.build.cache.lock import CAN_LOCK
from felloe.build.environment.origin import Origin, read_origin, relocate, relocate_config
from felloe.errors import FelloeError
from felloe.finding import Finding

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
    from felloe.build.cache.entry import make_root

    try:
        root = cache_root(build.settings.cache)
    except FelloeError as cause:
        say(cause.message, "building without the cache")
        return None
    if _UNSPEAKABLE.search(str(root)):
        say(f"CMake cannot build in {root}", "building without the cache")
        return None
    try:
        make_root(root)
        if has_room(root):
            return root
        say(f"the disk of {root} is full", "building without the cache")
    except OSError as cause:
        say(f"{root} cannot be used: {cause.strerror}", "building without the cache")
    return None


def has_room(path: Path) -> bool:
    """Whether a build tree fits on the disk of ``path``, as far as can be told."""
    try:
        return shutil.disk_usage(path).free >= _LEAST_FREE
    except OSError:
        return True


def _settle(place: Workplace, root: Path, stack: ExitStack) -> Workplace:
    """Move the engine to the environment of the same content that stays."""
    from felloe.build.environment.distribution import Unplaceable, read_content
    from felloe.build.environment.store import place_environment

    build, origin = place.build, place.origin
    try:
        environment = place_environment(root, origin, read_content(origin))
    except (OSError, Unplaceable) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        say(
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


def prune_cache(root: Path, limit: int) -> None:
    """Keep the cache below its limit, as far as that can be done."""
    from felloe.build.cache.prune import prune

    with suppress(OSError):
        prune(root, limit)


def say(what: str, then: str) -> None:
    """Note what could not be kept, and how it goes on."""
    terminal.report_note(Finding(f"{what}; {then}"))
