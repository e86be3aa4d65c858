"""The program ``felloe``: choose a command, run it, and turn errors into exit codes."""

from __future__ import annotations

import argparse
import difflib
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from felloe import __version__, terminal
from felloe.cli.arguments import make_parser as make_top_parser
from felloe.errors import FelloeError, UsageError

COMMANDS = (
    "audit",
    "build",
    "cache",
    "check",
    "ci",
    "completion",
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
    """Return the parser of these commands. Each module imports what its command needs."""
    parser = make_top_parser(
        "Build Python wheels from C and C++ projects that use CMake, and audit, repair and check "
        "wheels of any project. `felloe help COMMAND` describes a command.",
        ("felloe new fast-primes --binding pybind11", "felloe build", "felloe audit dist/*.whl"),
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in names:
        import_module(f"felloe.cli.{name}").add_parser(commands)
    return parser


class _ShowVersion(argparse.Action):
    """Print the versions of felloe and of the engine, and end."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        from felloe.build.engine import NAME

        try:
            engine = f"{NAME} {version(NAME)}"
        except PackageNotFoundError:
            engine = f"{NAME} is not installed"
        terminal.print_text(f"felloe {__version__} ({engine})")
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Return 0 for success, 1 for problems found, 2 for a usage error."""
    _replace_closed_streams()
    terminal.use_rich()
    try:
        code = _run_command(list(sys.argv[1:] if arguments is None else arguments))
    except FelloeError as error:
        terminal.report_error(error)
        code = error.exit_code
    except BrokenPipeError:  # the reader has closed the pipe
        code = 1
    except OSError as error:
        terminal.report_error(_explain(error))
        code = 1
    except KeyboardInterrupt:
        terminal.report_error(FelloeError("interrupted"))
        code = _end_as_interrupted()
    finally:
        _discard_unwritten()
    return code


def _run_command(words: list[str]) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    name = words[0] if words else ""
    if name and not name.startswith("-") and name not in COMMANDS:
        raise UsageError(f"{name!r} is not a felloe command", hint=_suggest_command(name))
    parser = make_parser([name] if name in COMMANDS else COMMANDS)
    options, unknown = parser.parse_known_args(words)
    if unknown:
        _refuse(unknown, name, parser)
    if not hasattr(options, "run"):
        terminal.print_text(parser.format_help())
        return UsageError.exit_code
    code: int = options.run(options)
    return code


def _suggest_command(name: str) -> str:
    nearest = difflib.get_close_matches(name, COMMANDS, n=1)
    if nearest:
        return f"did you mean `felloe {nearest[0]}`?"
    return f"the commands are {', '.join(COMMANDS)}"


def _refuse(unknown: Sequence[str], name: str, parser: argparse.ArgumentParser) -> None:
    """Raise :class:`UsageError` for arguments that the command does not have."""
    word = unknown[0].partition("=")[0]
    known = _find_flags(parser)
    nearest = difflib.get_close_matches(word, known, n=1)
    raise UsageError(
        f"felloe {name}: unknown argument {word}",
        hint=f"did you mean {nearest[0]}?" if nearest else f"see `felloe help {name}`".rstrip(),
    )


def _find_flags(parser: argparse.ArgumentParser) -> list[str]:
    """Return the flags of a parser and of the commands below it."""
    found: list[str] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        found += action.option_strings
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - it has no other name
            found += [flag for inner in action.choices.values() for flag in _find_flags(inner)]
    return found


def _explain(error: OSError) -> FelloeError:
    if error.filename is not None:
        return FelloeError(f"{error.filename}: {error.strerror}")
    try:
        Path.cwd()
    except OSError:
        return FelloeError(
            "the current directory does not exist any more", hint="change to another directory"
        )
    return FelloeError(error.strerror or str(error))


def _replace_closed_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the very end
            setattr(sys, name, sink)


def _end_as_interrupted() -> int:
    """End by the signal itself: the loop of a shell script continues after any exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    return 130


def _discard_unwritten() -> None:
    """Drop output that cannot be written, which Python would complain about at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # noqa: PERF203 - there are two
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
