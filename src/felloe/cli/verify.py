"""``felloe verify WHEEL…``: compare wheels with their RECORD."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe.check.report import render_json, render_text
from felloe.check.verify import verify_wheel
from felloe.cli.arguments import Commands, add_command
from felloe.cli.files import Answer, add_arguments, run_on_files


def add_parser(commands: Commands) -> None:
    """Add ``verify``."""
    parser = add_command(
        commands,
        "verify",
        "compare the files of wheels with RECORD",
        "Read every file of a wheel and compare its size and hash with RECORD, which must list "
        "all files and no others. The documents of `--json` are those of `felloe check`.",
        ("dist/*.whl",),
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

    return run_on_files(options, examine)
