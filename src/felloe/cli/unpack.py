"""``felloe unpack WHEEL``: unpack a wheel into a directory."""

from __future__ import annotations

import argparse

from felloe import terminal
from felloe.check.unpack import unpack_wheel
from felloe.cli.arguments import Commands, add_command, add_files, add_output_directory
from felloe.cli.files import check_files


def add_parser(commands: Commands) -> None:
    """Add ``unpack``."""
    parser = add_command(
        commands,
        "unpack",
        "unpack wheels whose files match RECORD",
        "Unpack each wheel to a new directory NAME-VERSION. A wheel is refused if its files "
        "differ from RECORD or if a name leads out of the directory.",
        ("fast_primes-1.0-cp312-cp312-linux_x86_64.whl -o unpacked",),
    )
    add = parser.add_argument
    add_files(parser, "WHEEL", "wheels")
    add_output_directory(parser, ".", "where to make the directory (default: current directory)")
    add("--no-verify", action="store_true", help="unpack a wheel whose files differ from RECORD")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Unpack every wheel; the first that cannot be ends it."""
    check_files(options.wheels)
    for wheel in options.wheels:
        place = unpack_wheel(wheel, options.output_dir, verified=not options.no_verify)
        terminal.report_progress(f"unpacked {wheel.name} to {place}")
    return 0
