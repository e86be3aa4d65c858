"""Telling what goes on: lines that stay, and on a terminal lines that change below them."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from felloe import terminal
from felloe.release.live import Running, find_last_line, render_live

_TAIL = 2000
"""Bytes of a log's end that are looked at for its last line."""


@dataclass(frozen=True)
class _Task:
    label: str
    verb: str
    log: Path
    began: float


@dataclass
class Display:
    """One for a command; used by one thread.

    Without ``live`` it writes lines that stay, such as logs of a CI service want.
    """

    live: bool
    _tasks: dict[str, _Task] = field(default_factory=dict)
    _drawn: int = 0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        terminal.report_step(text)

    def start(self, label: str, verb: str, log: Path) -> None:
        """Something begins; ``log`` is where it writes."""
        self._tasks[label] = _Task(label, verb, log, time.monotonic())
        if not self.live:
            terminal.report_step(f"{label}: {verb}")

    def end(self, label: str, text: str = "") -> None:
        """It has ended, and what came of it."""
        del self._tasks[label]
        if text:
            self.say(f"{label}: {text}")

    def close(self) -> None:
        """Nothing goes on any more."""
        self._tasks.clear()
        self._clear()

    def tick(self, waiting: int) -> None:
        """Draw the lines that change."""
        if self.live:
            now = time.monotonic()
            running = [
                Running(item.label, item.verb, now - item.began, _read_last_line(item.log))
                for item in self._tasks.values()
            ]
            lines = render_live(running, waiting, _find_width())
            terminal.redraw(lines, self._drawn)
            self._drawn = len(lines)

    def _clear(self) -> None:
        if self._drawn:
            terminal.redraw([], self._drawn)
            self._drawn = 0


def _find_width() -> int:
    """Columns of the terminal behind stderr; stdout may lead elsewhere."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 80


def _read_last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            return find_last_line(file.read().decode("utf-8", "replace"))
    except OSError:
        return ""
