"""``felloe verify WHEEL…``: whether wheels hold what their RECORD says."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe.check.report import render_json, render_text
from felloe.check.verify import verify_wheel
from felloe.cli.files import Answer, add_arguments, tell_each


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``verify``."""
    parser = commands.add_parser(
        "verify",
        help="say whether wheels hold what their RECORD says",
        description="Read every byte of a wheel and hold its RECORD against it: every file is "
        "listed, with its true size and hash, and nothing else is. The documents of `--json` "
        "are those of `felloe check`. The exit code is 0 if all agree, 1 if one does not, 2 if "
        "the command was not understood.",
    )
    add_arguments(parser, "WHEEL")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify every wheel; a broken one does not stop the others."""

    def examine(path: Path) -> Answer:
        rulings = verify_wheel(path)
        document = render_json(path.name, rulings)
        text = render_text(path.name, rulings) if rulings else f"{path.name}: as its RECORD says"
        return Answer(document, text, document["accepted"])

    return tell_each(options, examine)
