"""``felloe unpack WHEEL``: a wheel as a directory, to look into or to change."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe import terminal
from felloe.check.unpack import unpack_wheel
from felloe.cli.files import check_files


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``unpack``."""
    parser = commands.add_parser(
        "unpack",
        help="unpack wheels that are what their RECORD says",
        description="Unpack wheels, each to a directory NAME-VERSION that must not be there yet. "
        "A wheel that differs from its RECORD, or holds a name that leads out, is refused as a "
        "whole. The exit code is 0 if all were unpacked, 1 if not, 2 if the command was not "
        "understood.",
    )
    add = parser.add_argument
    add("wheels", metavar="WHEEL", nargs="+", type=Path)
    place = "where to make the directory (default: here)"
    add("-d", "--dest", metavar="DIR", type=Path, default=Path(), help=place)
    add("--no-verify", action="store_true", help="unpack also what differs from its RECORD")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Unpack every wheel; the first that cannot be ends it."""
    check_files(options.wheels)
    for wheel in options.wheels:
        place = unpack_wheel(wheel, options.dest, verified=not options.no_verify)
        terminal.report_progress(f"unpacked {wheel.name} to {place}")
    return 0
