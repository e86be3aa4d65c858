"""``felloe audit WHEEL…``: what a wheel claims, and what its files prove."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from felloe import console
from felloe.audit.report import render_failure, render_json, render_text
from felloe.errors import FelloeError, UsageError
from felloe.pipeline.audit import audit_wheel
from felloe.policy.family import Policies, read_policies


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``audit``."""
    parser = commands.add_parser(
        "audit",
        help="say what wheels claim and what their binaries prove",
        description="Say what each object of a wheel needs, what the wheel's tags claim, what is "
        "proved, and what stands in the way of each better tag. The exit code is 0 if all claims "
        "hold, 1 if one does not, 2 if the command was not understood.",
    )
    parser.add_argument("wheels", metavar="WHEEL", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="write one JSON document a line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit every wheel; one that cannot be read does not stop the others."""
    missing = [str(path) for path in options.wheels if not path.is_file()]
    if missing:
        raise UsageError(f"no such file: {', '.join(missing)}")
    policies = read_policies()
    return max(_audit(path, policies, as_json=options.json) for path in options.wheels)


def _audit(path: Path, policies: Policies, *, as_json: bool) -> int:
    try:
        document, text = _examine(path, policies)
    except FelloeError as error:
        if as_json:
            console.print_text(json.dumps(render_failure(path.name, error.message)))
        else:
            console.report_error(error)
        return error.exit_code
    console.print_text(json.dumps(document) if as_json else text)
    return 0 if document["holds"] else 1


def _examine(path: Path, policies: Policies) -> tuple[dict[str, Any], str]:
    evidence, verdict = audit_wheel(path, policies)
    return render_json(path.name, evidence, verdict), render_text(path.name, evidence, verdict)
