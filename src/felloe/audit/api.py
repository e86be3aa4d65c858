"""The public functions of :mod:`felloe.audit`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from felloe.audit.platform import MissingLibrary
from felloe.audit.policy.family import read_policies
from felloe.audit.provider import WaiverRules
from felloe.audit.report.document import render_json
from felloe.audit.report.text import render_text
from felloe.audit.waiver import Waiver
from felloe.audit.wheel_file import Auditor
from felloe.finding import Finding


@dataclass(frozen=True)
class AuditReport:
    """The audit of one wheel."""

    wheel: str
    """File name of the wheel."""
    passed: bool
    """True if everything that the wheel claims is proved."""
    claimed: tuple[str, ...]
    """The tags of the wheel, such as ``cp311-cp311-manylinux_2_28_x86_64``."""
    proved: tuple[str, ...]
    """The best tags that its files prove."""
    policy: str | None
    """The best manylinux or musllinux policy that holds, without the architecture."""
    problems: tuple[Finding, ...]
    """False claims, each with ``message``, ``hint`` and ``path``."""
    notes: tuple[Finding, ...]
    """Findings that make no claim false."""
    missing: tuple[MissingLibrary, ...]
    """Libraries that neither the wheel nor the system contains: ``path``, ``library``."""
    waived: tuple[Waiver, ...]
    """Libraries left to the user's machine: ``library``, ``reason``, ``distribution``."""
    text: str
    """Output of ``felloe audit``."""
    document: Mapping[str, Any]
    """Output of ``felloe audit --json``, as plain values."""


def audit_wheel(
    path: str | os.PathLike[str],
    *,
    exclude: Iterable[str] = (),
    provided_by: Mapping[str, Iterable[str]] | None = None,
) -> AuditReport:
    """Audit a wheel file, as ``felloe audit`` does.

    ``exclude`` are globs of libraries that users' machines have. ``provided_by`` maps
    distributions that the wheel requires to globs of the libraries that they install.

    Raises :class:`felloe.errors.FelloeError` if the file is not a readable wheel.
    """
    rules = WaiverRules(
        tuple(exclude), {name: tuple(globs) for name, globs in (provided_by or {}).items()}
    )
    wheel = Path(path)
    audit = Auditor(read_policies(), rules).audit_file(wheel)
    verdict = audit.verdict
    return AuditReport(
        wheel=wheel.name,
        passed=audit.passed,
        claimed=verdict.claim.triples(),
        proved=verdict.proved.triples(),
        policy=verdict.platform.policy,
        problems=verdict.faults,
        notes=verdict.notes,
        missing=verdict.platform.missing,
        waived=audit.waivers,
        text=render_text(wheel.name, audit),
        document=render_json(wheel.name, audit),
    )
