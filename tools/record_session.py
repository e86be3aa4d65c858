"""Draw docs/session.svg: the terminal during a build, an audit, a warning and a check.

    python -m pip install pyte
    python tools/record_session.py

Runs the commands below in this checkout on a pseudo-terminal, and draws its screen with the
colors. Of the first command it also draws the screen while it runs. Needs felloe[cli], pip and uv
on PATH, a C++ compiler, and CPython 3.12 and 3.13.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import tempfile
import termios
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "session.svg"
COMMANDS = (
    "felloe build examples/newton-basins --python 3.12 3.13 --test 'newton-basins basins.png'",
    "felloe audit dist/newton_basins-1.0.0-cp312-*.whl | head -12",
    "pip wheel -w dist tests/projects/executable-stack 2>&1 | grep -A 3 BackendWarning",
    "felloe check dist/*",
)
COLUMNS, ROWS = 116, 60
LINE, CHARACTER, MARGIN = 17, 7.83, 16
HALF_WAY = re.compile(r"\[[1-9]\d*/\d+\]|Building C")
PLAIN, PROMPT, QUIET, BACK = "#f8f8f2", "#8be9fd", "#6272a4", "#282a36"
COLOURS = {"red": "#ff5555", "brown": "#f1fa8c", "cyan": "#8be9fd", "green": "#50fa7b"}

Line = list[tuple[str, str]]
"""Pieces of text with their colors."""


def main() -> None:
    """Run the commands and write the picture."""
    with tempfile.TemporaryDirectory() as scratch:
        lines = [line for command in COMMANDS for line in perform(command, Path(scratch))]
    PICTURE.write_text(draw(lines[:-1]), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}, {len(lines)} lines")


def perform(command: str, scratch: Path) -> list[Line]:
    """Return the lines of the command and of its output."""
    before, after = play(command, scratch)
    lines = [[("$ ", QUIET), (command, PROMPT)]]
    if before:
        lines += [*before, [("  …a moment later:", QUIET)]]
        after = after[common(before, after) :]
    if not after:
        sys.exit(f"{command} showed nothing")
    return [*lines, *after, []]


def common(one: list[Line], other: list[Line]) -> int:
    """Return the number of equal lines at the beginning."""
    pairs = zip(one, other)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def play(command: str, scratch: Path) -> tuple[list[Line], list[Line]]:
    """Return the screen while the command showed its progress, and the screen at its end."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    seen: list[list[Line]] = []
    process, terminal = pty.fork()
    if not process:
        become(command, scratch)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    while True:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            break
        stream.feed(data)
        if not select.select([terminal], [], [], 0.05)[0]:
            lines = look_at(screen)
            if sum(bool(HALF_WAY.search(text_of(line))) for line in lines) > 1:
                seen.append(lines)
    os.waitpid(process, 0)
    return seen[len(seen) // 2] if seen else [], look_at(screen)


def become(command: str, scratch: Path) -> None:
    """Become the shell that runs it, in a checkout whose dist is elsewhere."""
    place = scratch / "felloe"
    if not place.exists():
        place.mkdir()
        for name in ("cpp", "examples", "tests"):
            (place / name).symlink_to(ROOT / name)
    os.chdir(place)
    environ = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", "FELLOE_CACHE_DIR": str(scratch)}
    for name in ("NO_COLOR", "CI"):
        environ.pop(name, None)
    environ["FELLOE_COMPILER_LAUNCHER"] = "none"
    os.execve("/bin/bash", ["bash", "-c", command], environ)  # noqa: S606


def look_at(screen: pyte.Screen) -> list[Line]:
    """Return the lines of the screen, without the empty ones at its end."""
    rows = [screen.buffer[row] for row in range(ROWS)]
    lines = [
        [
            ("".join(cell.data for cell in cells), COLOURS.get(colour, PLAIN))
            for colour, cells in groupby((row[x] for x in range(COLUMNS)), key=lambda c: c.fg)
        ]
        for row in rows
    ]
    while lines and not text_of(lines[-1]).strip():
        lines.pop()
    return lines


def text_of(line: Line) -> str:
    """Return the text of a line."""
    return "".join(text for text, _ in line)


def draw(lines: list[Line]) -> str:
    """Return the picture, an SVG of text."""
    width = round(COLUMNS * CHARACTER + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" '
        'xml:space="preserve">'
    )
    back = f'<rect width="{width}" height="{height}" rx="8" fill="{BACK}"/>'
    rows = [draw_line(row, line) for row, line in enumerate(lines) if text_of(line).strip()]
    return "\n".join([head, back, *rows, "</svg>"]) + "\n"


def draw_line(row: int, line: Line) -> str:
    """Return the SVG of one line, with each piece at its column."""
    pieces, column = [], 0
    for text, colour in line:
        x = round(MARGIN + column * CHARACTER, 1)
        if text.strip():
            pieces.append(f'<tspan x="{x}" fill="{colour}">{escape(text.rstrip())}</tspan>')
        column += len(text)
    return f'<text y="{MARGIN + LINE * (row + 1) - 4}">{"".join(pieces)}</text>'


if __name__ == "__main__":
    main()
