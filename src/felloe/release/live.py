"""What a terminal shows while wheels are built: a few lines that change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^ -~\u00a0-\uffff]")


@dataclass(frozen=True)
class Running:
    """A child at work."""

    label: str
    verb: str
    """What it does: ``building``."""
    seconds: float
    last_line: str = ""
    """The last that it wrote."""


def render_live(running: Sequence[Running], waiting: int, width: int) -> list[str]:
    """One line for each child and one for those that wait, no longer than ``width``."""
    names = max((len(item.label) for item in running), default=0)
    verbs = max((len(item.verb) for item in running), default=0)
    lines = [
        f"  {item.label:{names}}  {item.verb:{verbs}} {item.seconds:4.0f} s  "
        + _plain(item.last_line)
        for item in running
    ]
    if waiting:
        lines.append(f"  {waiting} more to come")
    return [line[: max(10, width - 1)].rstrip() for line in lines]


def find_last_line(tail: str) -> str:
    """The last line of a log's end that says something."""
    return next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "")


def _plain(text: str) -> str:
    return _ESCAPES.sub("", text)
