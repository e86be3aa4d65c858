"""``felloe build [PROJECT]``: build an sdist, and from it a wheel for every interpreter."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from felloe import terminal
from felloe.cli.arguments import Commands, add_command, add_json, add_output_directory, add_project
from felloe.config.build_table import (
    BUILD_OPTIONS,
    BuildTable,
    read_build_table,
    resolve_test_groups,
)
from felloe.config.option import split_list
from felloe.config.project import read_project
from felloe.errors import FelloeError, UsageError
from felloe.release.frontend import find_frontend
from felloe.release.interpreter_choice import check_words
from felloe.release.progress import Progress
from felloe.release.release import ReleasePlan, open_project, release
from felloe.release.report import render_json, summarize, tabulate_files, tabulate_matrix
from felloe.release.result import Release
from felloe.release.source import check_settings

_INTERRUPTED = 130  # as a shell says it: 128 + SIGINT
_UNWANTED = ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")


def add_parser(commands: Commands) -> None:
    """Add ``build``."""
    parser = add_command(
        commands,
        "build",
        "build and test the sdist and the wheels of a release",
        "Build the sdist of a project, and from it a wheel for every interpreter and target, each "
        "in an isolated environment. Install and test the wheels if a test is given. Wheels of an "
        "earlier run in the output directory are kept if nothing changed. Flags override the keys "
        "of the same name in [tool.felloe.build]. A flag that takes a list takes several words.",
        (
            "",
            "--python 3.12 3.13 --test 'pytest {project}/tests' --test-requires pytest",
            "--target manylinux_2_28_aarch64 -C felloe.toolchain=zig",
        ),
    )
    add_project(parser, "a directory or an sdist (default: current directory)")
    add = parser.add_argument
    for option in BUILD_OPTIONS:
        add(
            option.flag,
            dest=option.attribute,
            metavar=option.placeholder,
            help=option.meaning,
            action="append" if option.key == "test" else "extend",
            nargs=None if option.key == "test" else "+",
        )
    where = "where to write the sdist and the wheels (default: %(default)s)"
    add_output_directory(parser, "dist", where)
    config = "a setting for the backend; may be repeated"
    add("-C", "--config-setting", metavar="KEY=VALUE", action="append", default=[], help=config)
    jobs = "the number of compilers and tests that run at once (default: processors + 1)"
    add("-j", "--jobs", metavar="N", type=_count, help=jobs)
    frontends = ("auto", "uv", "pip")
    frontend = "the program that builds (default: uv if it is installed, else pip)"
    add("--frontend", choices=frontends, default="auto", help=frontend)
    add("--fresh", action="store_true", help="use nothing that was built before")
    add_json(parser, "print the result as one JSON document")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 10**4:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processors")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Build the release."""
    try:
        with ExitStack() as stack:
            stack.enter_context(_ending_as_interrupt())
            result = release(_make_plan(options, stack), Progress())
    except KeyboardInterrupt:
        terminal.report_error(FelloeError("interrupted; nothing was built"))
        return _INTERRUPTED
    if options.json:
        terminal.print_text(json.dumps(render_json(result)))
    else:
        _print_tables(result)
    if result.stopped:
        terminal.report_error(FelloeError("interrupted; finished wheels are kept"))
        return _INTERRUPTED
    return 0 if result.passed else 1


def _print_tables(result: Release) -> None:
    for table in (tabulate_files(result), tabulate_matrix(result)):
        terminal.print_table(*table)
        terminal.print_text("")
    terminal.print_text(summarize(result))


@contextmanager
def _ending_as_interrupt() -> Iterator[None]:
    """SIGTERM, which a CI service sends, ends a release as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _make_plan(options: argparse.Namespace, stack: ExitStack) -> ReleasePlan:
    environ = {key: value for key, value in os.environ.items() if key not in _UNWANTED}
    config = tuple(_check_config(word) for word in options.config_setting)
    check_words(part for word in options.python or () for part in split_list(word))
    given = options.project
    sdist = given.resolve() if given.is_file() else None
    if sdist is not None:
        scratch = stack.enter_context(TemporaryDirectory(prefix="felloe-"))
        root = open_project(sdist, Path(scratch))
    elif given.is_dir():
        root = given.resolve()
    else:
        raise UsageError(f"no such project: {given}", hint="name a directory or an sdist")
    project = read_project(root)
    tool = project.felloe if isinstance(project.felloe, dict) else {}
    table = read_build_table(tool.get("build", {}), vars(options))
    table = resolve_test_groups(table, project)
    _check_table(table)
    if table.test:
        _check_test_sources(table.test_sources, root)
    check_settings(project, config, table.target, environ)
    running = Path(sys.executable)
    return ReleasePlan(
        project=project,
        sdist=sdist,
        out=options.output_dir.resolve(),
        table=table,
        config=config,
        jobs=options.jobs or _find_jobs(),
        fresh=options.fresh,
        frontend=find_frontend(options.frontend, running, environ),
        running=running,
        environ=environ,
    )


def _check_config(word: str) -> str:
    if "=" not in word:
        raise UsageError(f"-C {word}: write KEY=VALUE")
    return word


def _check_table(table: BuildTable) -> None:
    check_words(table.python)
    for command in table.test:
        try:
            words = shlex.split(command)
        except ValueError as cause:
            raise UsageError(f"--test {command!r} cannot be split into words: {cause}") from cause
        if not words:
            raise UsageError("--test is empty", hint="name a command, such as 'pytest {project}'")


def _check_test_sources(names: tuple[str, ...], root: Path) -> None:
    hint = "name files and directories of the project, relative to it; an sdist has what it packs"
    for name in names:
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            raise UsageError(f"--test-sources {name} leads out of the project", hint=hint)
        if not (root / path).exists():
            raise UsageError(f"--test-sources {name}: no such file or directory", hint=hint)


def _find_jobs() -> int:
    """Return CMake's parallel level, or the number of processors and one for what waits."""
    told = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", "")
    if told.isdigit() and int(told):
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) + 1
    return (os.cpu_count() or 1) + 1
