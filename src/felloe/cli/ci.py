"""``felloe ci SERVICE``: the pipeline of a project."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe import terminal
from felloe.errors import FelloeError
from felloe.project.ci.service import SERVICES
from felloe.project.ci.write import CiFile, plan_ci_file, write_ci_file


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``ci``."""
    parser = commands.add_parser(
        "ci",
        help="write the pipeline that builds, tests and publishes",
        description="Write the file that a CI service runs: the sdist, wheels for every Python "
        "and platform, tests, `felloe check`, and publishing by tag. What it says is decided by "
        "[tool.felloe.ci]. The exit code is 0 if the file is written or, with --check, up to date, "
        "1 if it is not, 2 if the command was not understood.",
    )
    parser.add_argument("service", metavar="SERVICE", choices=SERVICES, help=", ".join(SERVICES))
    parser.add_argument(
        "project", metavar="PROJECT", nargs="?", type=Path, default=Path(), help="(default: .)"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="- for standard output")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file, show it, or compare it."""
    shown = str(options.output) == "-"
    output = None if shown else options.output
    file = plan_ci_file(options.project, options.service, output)
    if options.check:
        return _compare(file, options.service)
    if shown:
        terminal.print_text(file.text)
        return 0
    write_ci_file(file)
    terminal.report_progress(f"wrote {file.path}")
    return 0


def _compare(file: CiFile, service: str) -> int:
    if file.is_current:
        return 0
    state = "is missing" if file.present is None else "is not up to date"
    terminal.report_error(FelloeError(f"{file.path} {state}", hint=f"run felloe ci {service}"))
    return 1
