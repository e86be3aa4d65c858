"""``felloe audit WHEEL…``: check the tags of wheels and show where the wheels run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from shutil import get_terminal_size

from felloe.audit.report.document import render_failure, render_json
from felloe.audit.report.text import render_text
from felloe.cli.arguments import Commands, add_command
from felloe.cli.auditor import add_waiver_rules, read_auditor
from felloe.cli.files import Answer, add_arguments, run_on_files


def add_parser(commands: Commands) -> None:
    """Add ``audit``."""
    parser = add_command(
        commands,
        "audit",
        "show whether the tags of wheels are true, and where the wheels run",
        "Compare the tags of wheels with their binaries. Show where each wheel runs, and which "
        "symbols and libraries keep it from a more portable tag.",
        ("dist/*.whl", "--json numpy-2.2.0-cp312-cp312-manylinux_2_28_x86_64.whl"),
    )
    add_arguments(parser, "WHEEL")
    add_waiver_rules(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show all tags, files, symbols and notes"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit every wheel; one that cannot be read does not stop the others."""
    auditor = read_auditor(options)
    width = get_terminal_size().columns if sys.stdout.isatty() else None

    def examine(path: Path) -> Answer:
        audit = auditor.audit_file(path)
        document = render_json(path.name, audit)
        return Answer(
            document,
            render_text(path.name, audit, verbose=options.verbose, width=width),
            document["passed"],
        )

    return run_on_files(
        options, examine, lambda path, error: render_failure(path.name, error.message)
    )
