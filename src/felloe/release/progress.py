"""Progress of a release: lines about what is finished, and live lines about what runs."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from felloe import terminal

_TAIL = 2000
"""Bytes read from the end of a log to find its last line."""
_NOT_TEXT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^ -~\u00a0-\uffff]")


@dataclass(frozen=True)
class _Task:
    label: str
    verb: str
    log: Path
    began: float


@dataclass
class Progress:
    """The tasks that run. Used by one thread.

    Live lines need a terminal and rich. Otherwise the start of each task is a line too.
    """

    _tasks: dict[str, _Task] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Print a line about something that is finished."""
        terminal.report_step(text)

    def start(self, label: str, verb: str, log: Path) -> None:
        """Add a task, which writes to ``log``."""
        self._tasks[label] = _Task(label, verb, log, time.monotonic())
        if not terminal.can_redraw():
            terminal.report_step(f"{label}: {verb}")

    def end(self, label: str, text: str = "") -> None:
        """Remove a task, and print its result."""
        del self._tasks[label]
        if text:
            self.say(f"{label}: {text}")

    def close(self) -> None:
        """Remove all tasks."""
        self._tasks.clear()
        terminal.show_running([])

    def tick(self, waiting: int) -> None:
        """Draw the live lines; ``waiting`` tasks have not started."""
        lines = [_render(task) for task in self._tasks.values()]
        terminal.show_running([*lines, *([f"  {waiting} waiting"] if waiting else [])])


def _render(task: _Task) -> str:
    seconds = time.monotonic() - task.began
    return f"  {task.label}  {task.verb} {seconds:4.0f} s  {_read_last_line(task.log)}"


def _read_last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((_NOT_TEXT.sub("", line) for line in reversed(lines) if line.strip()), "").strip()
