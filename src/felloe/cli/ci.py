"""``felloe ci SERVICE``: write the workflow of a CI service."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe import terminal
from felloe.cli.arguments import Commands, add_command, add_project
from felloe.errors import FelloeError
from felloe.project.ci.write import SERVICES, CiFile, plan_ci_file, write_ci_file


def add_parser(commands: Commands) -> None:
    """Add ``ci``."""
    parser = add_command(
        commands,
        "ci",
        "write the workflow that builds, tests and publishes",
        "Write the file of a CI service: it runs `felloe build` on every platform, checks the "
        "files, and publishes a tag. [tool.felloe.ci] and [tool.felloe.build] decide its content.",
        ("github", "gitlab --check", "travis path/to/project -o -"),
    )
    parser.add_argument("service", metavar="SERVICE", choices=SERVICES, help=", ".join(SERVICES))
    add_project(parser, "the directory of the project (default: current directory)")
    where = "the file to write, or - for standard output (default: where the service reads it)"
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help=where)
    help_of_check = "write nothing; fail if the file is not up to date"
    parser.add_argument("--check", action="store_true", help=help_of_check)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write, print or compare the file."""
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
    terminal.report_error(FelloeError(f"{file.path} {state}", hint=f"run `felloe ci {service}`"))
    return 1
