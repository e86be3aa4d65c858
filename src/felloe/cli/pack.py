"""``felloe pack DIR``: pack an unpacked wheel into a file."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from felloe import terminal
from felloe.check.unpack import pack_wheel
from felloe.cli.arguments import Commands, add_command, add_output_directory
from felloe.cli.auditor import add_waiver_rules, read_auditor
from felloe.config.settings import read_settings
from felloe.wheel.tags import check_build_number


def add_parser(commands: Commands) -> None:
    """Add ``pack``."""
    parser = add_command(
        commands,
        "pack",
        "pack an unpacked wheel again, with a new RECORD",
        "Pack a directory that holds an unpacked wheel and write a new RECORD. The .dist-info "
        "directory decides the name of the wheel. The same files always give the same bytes. Tags "
        "that the binaries do not prove are refused.",
        ("fast_primes-1.0", "fast_primes-1.0 -o dist"),
    )
    add = parser.add_argument
    add("directory", metavar="DIR", type=Path)
    add_output_directory(parser, ".", "where to write the wheel (default: current directory)")
    add("--build", metavar="NUMBER", help="the build number; empty for none (default: as it was)")
    add_waiver_rules(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pack the directory."""
    build = None if options.build is None else check_build_number(options.build)
    epoch = read_settings({}, None, os.environ).epoch
    written = pack_wheel(options.directory, options.output_dir, build, epoch, read_auditor(options))
    terminal.report_progress(f"wrote {written}")
    return 0
