"""``felloe check DIST…``: whether an index would take the files, and why not."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from felloe import console
from felloe.errors import UsageError
from felloe.index.report import render_json, render_text
from felloe.pipeline.check import check_file
from felloe.policy.family import Policies, read_policies


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``check``."""
    parser = commands.add_parser(
        "check",
        help="say whether PyPI would take wheels and sdists",
        description="Hold wheels and sdists against all that PyPI refuses, all that installers "
        "stumble over, and our own proof of the tags, before they are uploaded. The exit code is "
        "0 if there is no problem, 1 if there is one, 2 if the command was not understood.",
    )
    parser.add_argument("dists", metavar="DIST", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="write one JSON document a line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check every file; a broken one does not stop the others."""
    missing = [str(path) for path in options.dists if not path.is_file()]
    if missing:
        raise UsageError(f"no such file: {', '.join(missing)}")
    policies = read_policies()
    return max(_check(path, policies, as_json=options.json) for path in options.dists)


def _check(path: Path, policies: Policies, *, as_json: bool) -> int:
    rulings = check_file(path, policies)
    document = render_json(path.name, rulings)
    console.print_text(json.dumps(document) if as_json else render_text(path.name, rulings))
    return 0 if document["accepted"] else 1
