"""``felloe audit WHEEL…``: what a wheel claims, and what its files prove."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe.audit.policy.family import read_policies
from felloe.audit.report.report import render_failure, render_json, render_text
from felloe.audit.wheel_file import audit_wheel
from felloe.cli.arguments import Commands, add_command
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
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit every wheel; one that cannot be read does not stop the others."""
    policies = read_policies()

    def examine(path: Path) -> Answer:
        evidence, verdict = audit_wheel(path, policies)
        document = render_json(path.name, evidence, verdict)
        return Answer(document, render_text(path.name, evidence, verdict), document["holds"])

    return run_on_files(
        options, examine, lambda path, error: render_failure(path.name, error.message)
    )
