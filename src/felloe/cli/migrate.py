"""``felloe migrate``: change a project so that felloe builds it."""

from __future__ import annotations

import argparse

from felloe import terminal
from felloe.cli.arguments import Commands, add_command, add_project
from felloe.finding import Finding
from felloe.project.migrate.migrate import apply_move, plan_move, render_diff


def add_parser(commands: Commands) -> None:
    """Add ``migrate``."""
    parser = add_command(
        commands,
        "migrate",
        "change a project so that felloe builds it",
        "Show the changes after which felloe builds a project that uses scikit-build-core, or "
        "setuptools with a CMakeExtension. Everything that felloe cannot determine is listed for "
        "you to complete, and so are CI steps that repair wheels. Needs the extra felloe[cli].",
        ("", "--apply", "path/to/project"),
    )
    add_project(parser, "the directory of the project (default: current directory)")
    parser.add_argument("--apply", action="store_true", help="write the changes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the changes, or write them."""
    move = plan_move(options.project)
    migration = move.migration
    if move.is_empty:
        terminal.report_progress("nothing to do: felloe already builds this project")
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
            Finding("nothing is written yet", hint="`felloe migrate --apply` writes the changes")
        )
    if not migration.is_possible:
        terminal.report_note(Finding(f"nothing is changed: the project uses {migration.found}"))
    return 0 if migration.is_possible else 1
