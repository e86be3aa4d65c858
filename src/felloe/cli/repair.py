"""``felloe repair WHEEL…``: put what a wheel needs into it, and give it its proved tags."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from felloe import console
from felloe.errors import UsageError
from felloe.option import OPTIONS
from felloe.pipeline.repair import repair_wheel
from felloe.policy.family import Policies, read_policies
from felloe.settings import Settings, read_settings

_FLAGS = {
    "platform": "the platform tag to reach (default: the best one)",
    "strip": "what to take out of the binaries: none, debug or all",
    "libraries.exclude": "a library that is not copied: a glob on its name or path",
    "libraries.include": "a library to copy although nothing needs it",
    "libraries.search": "a directory to look into first",
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``repair``."""
    parser = commands.add_parser(
        "repair",
        help="copy external libraries into wheels and correct their tags",
        description="Copy the libraries that a wheel needs and does not hold into it, mend the "
        "paths of its binaries, and write it under the tags that its files then prove. The wheel "
        "given is left as it is. The exit code is 0 if the wanted tags were reached, 1 if not, "
        "2 if the command was not understood.",
    )
    parser.add_argument("wheels", metavar="WHEEL", nargs="+", type=Path)
    parser.add_argument(
        "-w",
        "--wheel-dir",
        metavar="DIR",
        type=Path,
        default=Path("wheelhouse"),
        help="where to write (default: %(default)s)",
    )
    for option in OPTIONS:
        if option.key in _FLAGS:
            action = "append" if isinstance(option.default, tuple) else "store"
            flag = "--" + option.key.rpartition(".")[2]
            parser.add_argument(flag, dest=option.key, action=action, help=_FLAGS[option.key])
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Repair every wheel; the first that cannot be ends the command."""
    missing = [str(path) for path in options.wheels if not path.is_file()]
    if missing:
        raise UsageError(f"no such file: {', '.join(missing)}")
    given = {key: value for key in _FLAGS if (value := getattr(options, key)) is not None}
    flags = {f"felloe.{key}": value for key, value in given.items()}
    settings = read_settings({"on-violation": "error"}, flags, os.environ)
    options.wheel_dir.mkdir(parents=True, exist_ok=True)
    policies = read_policies()
    for wheel in options.wheels:
        _repair(wheel, options.wheel_dir, settings, policies)
    return 0


def _repair(wheel: Path, directory: Path, settings: Settings, policies: Policies) -> None:
    written = repair_wheel(wheel, directory, settings, policies, os.environ)
    console.report_progress(f"wrote {written}")
