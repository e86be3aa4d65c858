"""The story of an audit: read a wheel, look at its binaries, hold its name against them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from felloe.audit.evidence import Evidence, audit_members
from felloe.audit.policy.family import Policies
from felloe.audit.verdict import Verdict, judge
from felloe.finding import Finding
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.record import find_record_problem


def audit_wheel(path: Path, policies: Policies) -> tuple[Evidence, Verdict]:
    """What a wheel file's members say, and whether what it says of itself is true.

    Raises :class:`felloe.errors.FelloeError` if it cannot be read.
    """
    with open_wheel(path) as staged:
        evidence, verdict = audit_staged(staged, policies)
        broken = find_record_problem(staged.record, staged.members)
    if broken:
        verdict = replace(verdict, problems=(*verdict.problems, Finding(broken)))
    return evidence, verdict


def audit_staged(staged: StagedWheel, policies: Policies) -> tuple[Evidence, Verdict]:
    """The same of an open wheel, without a word on its RECORD."""
    libc = staged.name.libc
    evidence = audit_members(staged.members, policies, libc)
    return evidence, judge(evidence, staged.name, libc, policies)
