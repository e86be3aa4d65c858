"""``felloe COMMAND``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from felloe import __version__, terminal
from felloe.errors import FelloeError

COMMANDS = (
    "audit",
    "build",
    "cache",
    "check",
    "ci",
    "migrate",
    "new",
    "pack",
    "repair",
    "tags",
    "unpack",
    "verify",
)
"""The modules of this package that are commands."""


def make_parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these commands; each brings the imports of what it does."""
    parser = argparse.ArgumentParser(
        prog="felloe", description="Wheels of C and C++ extensions that run where their names say."
    )
    parser.add_argument("--version", action="version", version=f"felloe {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        import_module(f"felloe.cli.{name}").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0 is yes, 1 is no, 2 is that it was not understood."""
    words = sys.argv[1:] if arguments is None else arguments
    _replace_closed_streams()
    asked = [name for name in COMMANDS if name in words[:1]]
    options = make_parser(asked or COMMANDS).parse_args(words)
    try:
        code: int = options.run(options)
    except FelloeError as error:
        terminal.report_error(error)
        code = error.exit_code
    except BrokenPipeError:  # the reader has seen enough
        code = 1
    except OSError as error:
        if error.filename is None:
            raise
        terminal.report_error(FelloeError(f"{error.filename}: {error.strerror}"))
        code = 1
    except KeyboardInterrupt:
        terminal.report_error(FelloeError("interrupted"))
        code = _end_as_interrupted()
    _give_up_unwritten()
    return code


def _replace_closed_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the very end
            setattr(sys, name, sink)


def _end_as_interrupted() -> int:
    """End by the signal itself: the loop of a shell's script goes on after any exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    return 130


def _give_up_unwritten() -> None:
    """Leave nothing that Python would try to write, and complain of, as it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
