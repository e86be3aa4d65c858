"""What commands that look at files share: audit, check, verify."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from felloe import terminal
from felloe.errors import FelloeError, UsageError

Document = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a command says of one file."""

    document: Document
    text: str
    holds: bool


def add_arguments(parser: argparse.ArgumentParser, metavar: str) -> None:
    """The files, and ``--json``."""
    parser.add_argument("files", metavar=metavar, nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="write one JSON document a line")


def check_files(paths: Sequence[Path]) -> None:
    """Raises :class:`UsageError` that names every path which is no file."""
    others = [path for path in paths if not path.is_file()]
    missing = [str(path) for path in others if not path.exists()]
    if missing:
        raise UsageError(f"no such file: {', '.join(missing)}")
    if others:
        raise UsageError(f"not a file: {', '.join(map(str, others))}")


def tell_each(
    options: argparse.Namespace,
    examine: Callable[[Path], Answer],
    fail: Callable[[Path, FelloeError], Document] | None = None,
) -> int:
    """Examine every file and tell the answer; the exit code is the worst.

    An error ends the command, unless ``fail`` has a document for it.
    """
    check_files(options.files)
    return max(_tell(path, examine, fail, as_json=options.json) for path in options.files)


def _tell(
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
