"""The environment that the engine builds in: a kept copy of the frontend's, if possible.

A build does not need the copy. If it cannot be made, a note says why, and the
engine builds in the frontend's own environment.
"""

from __future__ import annotations

import os
import re
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

_UNSUITABLE = re.compile(r'[;"\\\n\udc80-\udcff]')
"""Characters that CMake does not take in a build directory, and bytes that are not UTF-8."""
_LEAST_FREE = 64 * 10**6
"""Bytes that must be free on the disk of the cache."""
_LEAST_FILES = 5000
"""Files that it must have room for."""


@dataclass(frozen=True)
class BuildContext:
    """A build and the place of the files that are kept for the next one."""

    build: Build
    root: Path | None
    """The cache's directory; None if nothing is kept."""
    origin: Origin
    address: str
    """Name of the kept environment; empty for the frontend's own."""


@contextmanager
def open_context(build: Build) -> Iterator[BuildContext]:
    """Copy an environment that the frontend will delete, and build in the copy.

    The copy stays locked, so that it cannot be pruned, until the block ends.
    """
    origin = read_origin()
    root = _open_root(build) if _keeps(build) else None
    with ExitStack() as stack:
        context = BuildContext(build, root, origin, "")
        if root is not None and origin.vanishes:
            context = _enter_copy(context, root, stack)
        yield context


def _keeps(build: Build) -> bool:
    """Return whether to keep anything: the setting, or ``auto`` outside a CI build of an sdist."""
    use, root = build.settings.cache.use, build.project.root
    if use == "false" or not build.compiles or not CAN_LOCK:
        return False
    return use == "true" or not (build.in_ci and (root / "PKG-INFO").exists())


def _open_root(build: Build) -> Path | None:
    """Make the cache's directory. Return None if it cannot be used."""
    from felloe.build.cache.entry import make_root

    try:
        root = cache_root(build.settings.cache)
    except FelloeError as cause:
        say(cause.message, "building without the cache")
        return None
    if _UNSUITABLE.search(str(root)):
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
    """Return whether a build tree fits on the disk of ``path``, as far as can be told."""
    try:
        disk = os.statvfs(path)
    except OSError:
        return True
    has_inodes = not disk.f_files or disk.f_favail >= _LEAST_FILES
    return disk.f_bavail * disk.f_frsize >= _LEAST_FREE and has_inodes


def _enter_copy(context: BuildContext, root: Path, stack: ExitStack) -> BuildContext:
    """Move the build to the kept environment of the same content."""
    from felloe.build.environment.distribution import Unplaceable, read_content
    from felloe.build.environment.store import place_environment

    build, origin = context.build, context.origin
    try:
        environment = place_environment(root, origin, read_content(origin))
    except (OSError, Unplaceable) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        say(
            f"the build environment could not be kept in {root}: {reason}",
            "building in the frontend's own",
        )
        return replace(context, root=None)
    stack.callback(environment.lock.release)
    place = str(environment.path)
    moved = replace(
        build.holding(environment.lock.descriptor),
        python=environment.python,
        environ=relocate(build.environ, origin, place),
        engine_config=relocate_config(build.engine_config, origin, place),
    )
    return replace(context, build=moved, address=environment.address)


def prune_cache(root: Path, limit: int) -> None:
    """Delete the oldest entries of a cache above its limit. Ignore what cannot be deleted."""
    from felloe.build.cache.prune import prune

    with suppress(OSError):
        prune(root, limit)


def say(problem: str, consequence: str) -> None:
    """Print a note on something that could not be kept, and how the build goes on."""
    terminal.report_note(Finding(f"{problem}; {consequence}"))
