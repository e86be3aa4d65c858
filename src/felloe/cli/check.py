"""``felloe check DIST…``: whether an index would take the files, and why not."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe.audit.policy.family import read_policies
from felloe.check.check import check_file
from felloe.check.report import render_json, render_text
from felloe.cli.files import Answer, add_arguments, tell_each


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``check``."""
    parser = commands.add_parser(
        "check",
        help="say whether PyPI would take wheels and sdists",
        description="Hold wheels and sdists against all that PyPI refuses, all that installers "
        "stumble over, and our own proof of the tags, before they are uploaded. The exit code is "
        "0 if there is no problem, 1 if there is one, 2 if the command was not understood.",
    )
    add_arguments(parser, "DIST")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check every file; a broken one does not stop the others."""
    policies = read_policies()

    def examine(path: Path) -> Answer:
        rulings = check_file(path, policies)
        document = render_json(path.name, rulings)
        return Answer(document, render_text(path.name, rulings), document["accepted"])

    return tell_each(options, examine)
