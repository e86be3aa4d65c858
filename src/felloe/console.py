"""The only place that prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

from felloe.errors import FelloeError
from felloe.finding import Finding

_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "hint": "1;36"}
"""Parameters of the terminal's SGR sequence (ECMA-48), for the words that lines begin with."""


def report_error(error: FelloeError) -> None:
    """An error, with its way out."""
    _say("error", error.message, error.hint)


def report_note(finding: Finding) -> None:
    """Something worth knowing that stops nothing."""
    _say("note", finding.message, finding.hint)


def report_warning(finding: Finding) -> None:
    """A promise that was not kept."""
    _say("warning", finding.message, finding.hint)


def report_progress(text: str) -> None:
    """One line about what was done."""
    _write(sys.stdout, f"felloe: {text}\n")


def report_step(text: str) -> None:
    """The same on stderr, for a command whose result is on stdout."""
    _write(sys.stderr, f"felloe: {text}\n")


def redraw(lines: Sequence[str], above: int) -> None:
    """Put ``lines`` in the place of the last ``above`` lines of the terminal behind stderr."""
    up = f"\x1b[{above}A" if above else ""
    _write(sys.stderr, up + "\x1b[J" + "".join(f"{line}\n" for line in lines))


def print_text(text: str) -> None:
    """A command's result, as it is."""
    _write(sys.stdout, text if text.endswith("\n") else text + "\n")


def _say(kind: str, message: str, hint: str) -> None:
    text = f"felloe: {_coloured(kind)}: {message}\n"
    if hint:
        text += f"felloe: {_coloured('hint')}: {hint}\n"
    _write(sys.stderr, text)


def _coloured(kind: str) -> str:
    """The word as stderr shows it: in colour on a terminal, unless NO_COLOR (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty():
        return kind
    return f"\x1b[{_COLOURS[kind]}m{kind}\x1b[m"


def _write(stream: TextIO, text: str) -> None:
    """Write what the stream's encoding can show, escaping the rest."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
