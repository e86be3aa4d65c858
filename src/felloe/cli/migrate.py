"""``felloe migrate``: what it takes to build a project with felloe."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe import terminal
from felloe.finding import Finding
from felloe.project.migrate.migrate import apply_move, plan_move, render_diff


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``migrate``."""
    parser = commands.add_parser(
        "migrate",
        help="show, or make, the changes that move a project here",
        description="Show as a diff what changes in a project that uses scikit-build-core, or "
        "setuptools with a CMakeExtension, for felloe to build it; what cannot be known is said "
        "and left to you. CI steps that repair wheels are listed. The exit code is 0 if the "
        "project is or can be built by felloe, 1 if not, 2 if the command was not understood.",
    )
    parser.add_argument("project", metavar="PROJECT", nargs="?", type=Path, default=Path())
    parser.add_argument("--apply", action="store_true", help="write the changes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show or write."""
    move = plan_move(options.project)
    migration = move.migration
    if move.is_empty:
        terminal.report_progress("nothing to do: felloe builds this project already")
        return 0
    diff = render_diff(move)
    if diff and options.apply:
        apply_move(move)
        terminal.report_progress(f"changed {', '.join(migration.files)}")
    elif diff:
        terminal.print_text(diff)
    for remark in migration.remains:
        terminal.report_note(Finding(remark))
    if diff and not options.apply:
        terminal.report_note(
            Finding("nothing is written yet", hint="felloe migrate --apply writes the changes")
        )
    if not migration.is_possible:
        terminal.report_note(Finding(f"the project is built with {migration.found}, and stays so"))
    return 0 if migration.is_possible else 1
