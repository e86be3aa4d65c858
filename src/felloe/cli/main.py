"""``felloe COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from felloe import __version__, console
from felloe.cli import audit, check, repair
from felloe.errors import FelloeError

_COMMANDS = (audit, check, repair)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="felloe", description="Wheels of C and C++ extensions that run where their names say."
    )
    parser.add_argument("--version", action="version", version=f"felloe {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0 is yes, 1 is no, 2 is that it was not understood."""
    options = make_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except FelloeError as error:
        console.report_error(error)
        return error.exit_code
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
