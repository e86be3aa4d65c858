"""``felloe pack DIR``: an unpacked wheel as a file again."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from felloe import terminal
from felloe.audit.policy.family import read_policies
from felloe.check.unpack import pack_wheel
from felloe.config.settings import read_settings
from felloe.wheel.tags import check_build_number


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pack``."""
    parser = commands.add_parser(
        "pack",
        help="pack an unpacked wheel again, with a new RECORD",
        description="Pack a directory that holds an unpacked wheel. Its .dist-info names the "
        "file, RECORD is made anew, and the same files give the same bytes. Tags that promise "
        "more than the binaries prove are refused. The exit code is 0 if the wheel was written, "
        "1 if not, 2 if the command was not understood.",
    )
    add = parser.add_argument
    add("directory", metavar="DIR", type=Path)
    place = "where to write (default: here)"
    add("-o", "--out-dir", metavar="DIR", type=Path, default=Path(), help=place)
    add("--build", metavar="NUMBER", help="the build number; empty for none (default: as it was)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pack the directory."""
    build = None if options.build is None else check_build_number(options.build)
    epoch = read_settings({}, None, os.environ).epoch
    written = pack_wheel(options.directory, options.out_dir, build, epoch, read_policies())
    terminal.report_progress(f"wrote {written}")
    return 0
