"""The only place that prints."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from felloe.errors import FelloeError
from felloe.finding import Finding

_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "hint": "1;36"}
"""Parameters of the terminal's SGR sequence (ECMA-48), for the words that lines begin with."""
_STEERING = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
    r"|\r(?!\n)"
)
"""What a terminal obeys rather than shows, or what turns the direction of text around it."""


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
    _write(sys.stdout, f"felloe: {_shown(text)}\n")


def report_step(text: str) -> None:
    """The same on stderr, for a command whose result is on stdout."""
    _write(sys.stderr, f"felloe: {_shown(text)}\n")


def redraw(lines: Sequence[str], above: int) -> None:
    """Put ``lines`` in the place of the last ``above`` lines of the terminal behind stderr."""
    up = f"\x1b[{above}A" if above else ""
    _write(sys.stderr, f"{up}\x1b[J" + "".join(f"{_shown(line)}\n" for line in lines))


def print_text(text: str) -> None:
    """A command's result, as it is."""
    _write(sys.stdout, _shown(text if text.endswith("\n") else text + "\n"))


def _say(kind: str, message: str, hint: str) -> None:
    text = f"felloe: {_coloured(kind)}: {_shown(message)}\n"
    if hint:
        text += f"felloe: {_coloured('hint')}: {_shown(hint)}\n"
    _write(sys.stderr, text)


def _coloured(kind: str) -> str:
    """The word as stderr shows it: in colour on a terminal, unless NO_COLOR (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty():
        return kind
    return f"\x1b[{_COLOURS[kind]}m{kind}\x1b[m"


def _shown(text: str) -> str:
    """The text as it reads: names and fields of strangers' files do not steer the terminal."""
    return _STEERING.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _write(stream: TextIO, text: str) -> None:
    """Write what the stream's encoding can show, escaping the rest."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as cause:
        if stream is sys.stdout:
            message = f"standard output cannot be written: {cause.strerror}"
            raise FelloeError(message) from cause
