"""Commands that read files and report on each: audit, check, verify."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from felloe import terminal
from felloe.cli.arguments import add_files, add_json
from felloe.errors import FelloeError, UsageError

Document = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The report of a command on one file."""

    document: Document
    text: str
    holds: bool
    """The file passed."""


def add_arguments(parser: argparse.ArgumentParser, metavar: str) -> None:
    """Add the files, and ``--json``."""
    add_files(parser, metavar)
    add_json(parser)


def check_files(paths: Sequence[Path]) -> None:
    """Raise :class:`UsageError` that names every path which is not a file."""
    others = [path for path in paths if not path.is_file()]
    missing = [str(path) for path in others if not path.exists()]
    if missing:
        raise UsageError(f"no such file: {', '.join(missing)}")
    if others:
        raise UsageError(f"not a file: {', '.join(map(str, others))}")


def run_on_files(
    options: argparse.Namespace,
    examine: Callable[[Path], Answer],
    fail: Callable[[Path, FelloeError], Document] | None = None,
) -> int:
    """Examine every file and print its report. Return the highest exit code.

    An error ends the command, unless ``fail`` makes a document of it.
    """
    check_files(options.files)
    return max(_run(path, examine, fail, as_json=options.json) for path in options.files)


def _run(
    path: Path,
    examine: Callable[[Path], Answer],
    fail: Callable[[Path, FelloeError], Document] | None,
    *,
    as_json: bool,
) -> int:
    try:
        answer = examine(path)
    except FelloeError as error:
        if fail is None:
            raise
        if as_json:
            terminal.print_text(json.dumps(fail(path, error)))
        else:
            terminal.report_error(error)
        return error.exit_code
    terminal.print_text(json.dumps(answer.document) if as_json else answer.text)
    return 0 if answer.holds else 1
