"""``felloe audit WHEEL…``: what a wheel claims, and what its files prove."""

from __future__ import annotations

import argparse
from pathlib import Path

from felloe.audit.policy.family import read_policies
from felloe.audit.report.report import render_failure, render_json, render_text
from felloe.audit.wheel_file import audit_wheel
from felloe.cli.files import Answer, add_arguments, tell_each


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``audit``."""
    parser = commands.add_parser(
        "audit",
        help="say what wheels claim and what their binaries prove",
        description="Say what each object of a wheel needs, what the wheel's tags claim, what is "
        "proved, and what stands in the way of each better tag. The exit code is 0 if all claims "
        "hold, 1 if one does not, 2 if the command was not understood.",
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

    return tell_each(options, examine, lambda path, error: render_failure(path.name, error.message))
