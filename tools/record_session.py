"""Draw docs/session.svg: what a user sees of a build, an audit and a wheel that falls short.

    python tools/record_session.py

Runs the commands below in this checkout and draws what they print, as text on a terminal's
background. Needs felloe on PATH, a C++ compiler, and CPython 3.12 and 3.13.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "session.svg"
COMMANDS = (
    "felloe build examples/newton-basins -o dist --python 3.12 3.13",
    "felloe audit dist/newton_basins-1.0.0-cp312-*.whl | head -12",
    "pip wheel -v -w dist tests/projects/executable-stack 2>&1 | grep -A 4 felloe:.warning",
    "felloe check dist/*",
)
COLUMNS = 118
LINE, CHARACTER, MARGIN = 17, 7.83, 16
COLOURS = (
    (re.compile(r"^\$ .*"), "#8be9fd"),
    (re.compile(r".*\bwarning\b.*"), "#f1fa8c"),
    (re.compile(r".*\bhint\b.*"), "#bd93f9"),
    (re.compile(r".*\b(manylinux|musllinux)_\S+.*"), "#50fa7b"),
)
PLAIN = "#f8f8f2"


def main() -> None:
    """Run, draw, write."""
    with tempfile.TemporaryDirectory() as scratch:
        lines = [line for command in COMMANDS for line in perform(command, Path(scratch))]
    PICTURE.write_text(draw(lines), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}, {len(lines)} lines")


def perform(command: str, scratch: Path) -> list[str]:
    """The command and what it prints, as the lines of a terminal."""
    dist = scratch / "dist"
    environ = {**os.environ, "TERM": "dumb", "COLUMNS": str(COLUMNS), "PYTHONUTF8": "1"}
    environ |= {"FELLOE_COMPILER_LAUNCHER": "none"}
    words = re.sub(r"\bdist\b", str(dist), command)
    done = subprocess.run(
        ["/bin/bash", "-c", words],
        cwd=ROOT,
        env=environ,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    text = done.stdout.replace(str(dist), "dist").replace(f"{ROOT}/", "")
    if not text.strip():
        sys.exit(f"{command} printed nothing")
    return [f"$ {command}", *fold(text), ""]


def fold(text: str) -> list[str]:
    """Lines that fit; what is long goes on below, further in."""
    folded = []
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        wrapper = textwrap.TextWrapper(COLUMNS, subsequent_indent=" " * (indent + 4))
        wrapper.drop_whitespace = wrapper.break_on_hyphens = False
        folded += wrapper.wrap(line) or [""]
    return folded


def draw(lines: list[str]) -> str:
    """The picture, an SVG of text."""
    width = round(COLUMNS * CHARACTER + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (row + 1) - 4}" fill="{colour_of(line)}">'
        f"{escape(line)}</text>"
        for row, line in enumerate(lines)
        if line
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" '
        'xml:space="preserve">'
    )
    back = f'<rect width="{width}" height="{height}" rx="8" fill="#282a36"/>'
    return "\n".join([head, back, *rows, "</svg>"]) + "\n"


def colour_of(line: str) -> str:
    """What a line is drawn in."""
    return next((colour for pattern, colour in COLOURS if pattern.match(line)), PLAIN)


if __name__ == "__main__":
    main()
