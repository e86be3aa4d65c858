"""Printing: the only module that writes to stdout and stderr.

Output is plain text. A command calls :func:`use_rich`, which adds colours, live
progress and wrapping where a stream is a terminal and the extra ``felloe[cli]``
is installed. A hook runs inside :func:`warning_frontend` instead.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from felloe.errors import FelloeError, FelloeWarning
from felloe.finding import Finding

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

_STYLES = {"error": "red", "warning": "yellow", "note": "cyan", "hint": "cyan"}
"""Style of each message kind (``error``, ``warning``, …), as rich names styles."""
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
    r"|\r(?!\n)"
)
"""Control characters of terminals, and characters that change the direction of text."""

_consoles: dict[str, Console] = {}
"""The streams that rich prints to: ``stdout``, ``stderr``."""
_live: list[Live] = []
"""The lines below the output that change, while they are shown."""
_collected: list[list[Finding]] = []
"""The warnings of the hook that runs, to be given to the frontend at its end."""


def use_rich() -> None:
    """Let rich print to the streams that are terminals, if it is installed."""
    _consoles.clear()
    for name in ("stdout", "stderr"):
        if getattr(sys, name).isatty() and os.environ.get("TERM") != "dumb":
            try:
                from rich.console import Console
            except ImportError:
                return
            _consoles[name] = Console(stderr=name == "stderr", highlight=False)


@contextmanager
def warning_frontend() -> Iterator[None]:
    """Give the warnings of a hook to the build frontend, through Python's :mod:`warnings`.

    pyproject-hooks 1.3.3 and later carries them to the frontend. Older ones let
    Python print them. The warnings of a hook that fails are printed, because no
    frontend collects those.
    """
    found: list[Finding] = []
    _collected.append(found)
    try:
        yield
    except BaseException:
        for finding in dict.fromkeys(found):
            _print_labelled("warning", finding.message, finding.hint)
        raise
    finally:
        _collected.pop()
    _emit(dict.fromkeys(found))


def _emit(findings: Iterable[Finding]) -> None:
    before = warnings.formatwarning
    warnings.formatwarning = _format_warning
    try:
        for finding in findings:
            try:
                warning = FelloeWarning(finding.message, finding.hint)
                # Frontends print file and line; those of this module would say nothing.
                warnings.warn_explicit(warning, FelloeWarning, "felloe", 0)
            except FelloeWarning:  # noqa: PERF203 - the filter "error" must not end a build
                _print_labelled("warning", finding.message, finding.hint)
    finally:
        warnings.formatwarning = before


def _format_warning(message: Warning | str, *_: object, **__: object) -> str:
    return f"felloe: warning: {escape_controls(str(message))}\n"


def report_error(error: FelloeError) -> None:
    """Print an error and its hint."""
    _print_labelled("error", error.message, error.hint)


def report_note(finding: Finding) -> None:
    """Print a note: information that needs no action."""
    _print_labelled("note", finding.message, finding.hint)


def report_warning(finding: Finding) -> None:
    """Print a warning. Within :func:`warning_frontend` it is collected instead."""
    if _collected:
        _collected[-1].append(finding)
    else:
        _print_labelled("warning", finding.message, finding.hint)


def report_progress(text: str) -> None:
    """Print one line about what was done."""
    _print(f"felloe: {text}", "stdout")


def report_step(text: str) -> None:
    """Print one line about what was done to stderr: the command's result is on stdout."""
    _print(f"felloe: {text}", "stderr")


def print_text(text: str) -> None:
    """Print a command's result to stdout, without wrapping."""
    _write(sys.stdout, escape_controls(text if text.endswith("\n") else text + "\n"))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to stdout. The cells are wrapped if stdout is a terminal and rich is there."""
    console = _consoles.get("stdout")
    if console is None:
        _write(sys.stdout, "".join(f"{line}\n" for line in _align([head, *rows])))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell, sys.stdout)) for cell in row))
    with _failing_as_error():
        console.print(table)


def _align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    shown = [[escape_controls(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown)]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def can_redraw() -> bool:
    """Return whether :func:`show_running` has an effect."""
    return "stderr" in _consoles


def show_running(lines: Sequence[str]) -> None:
    """Show lines below the output on stderr, in the place of those shown before."""
    if "stderr" not in _consoles or not (lines or _live):
        return
    from rich.live import Live
    from rich.text import Text

    if not _live:
        _live.append(
            Live(
                console=_consoles["stderr"],
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
        )
        _live[0].start()
    text = "\n".join(_printable(line, sys.stderr) for line in lines)
    _live[0].update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
    if not lines:
        _live.pop().stop()


def escape_controls(text: str) -> str:
    """Escape control characters, so that a name from a file cannot control the terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _print_labelled(label: str, message: str, hint: str) -> None:
    for word, text in ((label, message), ("hint", hint)):
        if text:
            _print(f"felloe: {word}: {text}", "stderr", word)


def _print(text: str, name: str, label: str = "") -> None:
    stream: TextIO = getattr(sys, name)
    console = _consoles.get(name)
    if console is None:
        _write(stream, f"{escape_controls(text)}\n")
        return
    from rich.text import Text

    lines = _printable(text, stream).splitlines()
    styled = Text("\n".join(_wrap(line, console.width) for line in lines))
    if label:
        start = len("felloe: ")
        styled.stylize(_STYLES[label], start, start + len(label))
    with _failing_as_error():
        console.print(styled, soft_wrap=True)


def _wrap(line: str, width: int) -> str:
    """Break a line between words. A path that is longer than the line stays whole."""
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def _write(stream: TextIO, text: str) -> None:
    """Write and flush. Raises :class:`FelloeError` if stdout cannot be written."""
    with _failing_as_error(ignored=stream is not sys.stdout):
        stream.write(_encodable(text, stream))
        stream.flush()


@contextmanager
def _failing_as_error(*, ignored: bool = False) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as cause:
        if not ignored:
            message = f"standard output cannot be written: {cause.strerror}"
            raise FelloeError(message) from cause


def _printable(text: str, stream: TextIO) -> str:
    return _encodable(escape_controls(text), stream)


def _encodable(text: str, stream: TextIO) -> str:
    """Escape the characters that the stream's encoding does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
