"""``felloe check DIST…``: check if an index accepts the files."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe.check.check import check_file
from felloe.check.report import render_json, render_text
from felloe.cli.arguments import Commands, add_command
from felloe.cli.auditor import add_waiver_rules, read_auditor
from felloe.cli.files import Answer, add_arguments, run_on_files


def add_parser(commands: Commands) -> None:
    """Add ``check``."""
    parser = add_command(
        commands,
        "check",
        "check whether PyPI accepts wheels and sdists",
        "Check wheels and sdists before you upload them: the rules of PyPI, what installers need, "
        "and whether the binaries match the tags.",
        ("dist/*",),
    )
    add_arguments(parser, "DIST")
    add_waiver_rules(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check every file; a broken one does not stop the others."""
    auditor = read_auditor(options)

    def examine(path: Path) -> Answer:
        rulings = check_file(path, auditor)
        document = render_json(path.name, rulings)
        return Answer(document, render_text(path.name, rulings), document["accepted"])

    return run_on_files(options, examine)
