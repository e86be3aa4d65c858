"""Audit a wheel: read its binaries, find what it leaves to the machine, judge its tags."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from felloe.audit.evidence import Evidence, audit_members
from felloe.audit.hint import generalize_findings, has_felloe_settings
from felloe.audit.policy.family import Policies
from felloe.audit.processor.judge import judge_processor
from felloe.audit.provider import WaiverRules, explain_waivers, find_waivers
from felloe.audit.verdict import Verdict, judge
from felloe.audit.waiver import WAIVER_FILE, Waiver, parse_waivers
from felloe.finding import Finding
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.record import find_record_problem
from felloe.wheel.tags import WheelName


@dataclass(frozen=True)
class WheelAudit:
    """The audit of one wheel."""

    evidence: Evidence
    verdict: Verdict
    waivers: tuple[Waiver, ...]
    """Needed libraries that the wheel deliberately leaves to the user's machine."""
    has_settings: bool = True
    """Hints may name settings of felloe and scikit-build-core."""

    @property
    def passed(self) -> bool:
        """True if everything that the wheel claims is proved."""
        return not self.verdict.faults


@dataclass(frozen=True)
class Auditor:
    """Audits wheels by the policies and by the rules of one command."""

    policies: Policies
    rules: WaiverRules = field(default_factory=WaiverRules)
    processor: int = 1
    """The level of x86-64 (1 to 4) that users' machines have at least."""

    def audit_file(self, path: Path) -> WheelAudit:
        """Audit a wheel file and its RECORD.

        Raises :class:`felloe.errors.FelloeError` if it cannot be read.
        """
        with open_wheel(path) as staged:
            audit = self.audit(staged)
            broken = find_record_problem(staged.record, staged.members)
        if broken:
            problems = (*audit.verdict.problems, Finding(broken))
            audit = replace(audit, verdict=replace(audit.verdict, problems=problems))
        return audit

    def audit(self, staged: StagedWheel, name: WheelName | None = None) -> WheelAudit:
        """Audit an open wheel under a name, by default its own; RECORD is not read."""
        claim = name or staged.name
        evidence = audit_members(staged.members, self.policies, claim.libc)
        metadata = staged.find(f"{staged.dist_info}/METADATA")
        waivers = find_waivers(
            evidence,
            read_waivers(staged),
            bytes(metadata.read()) if metadata else b"",
            self.rules,
        )
        waived = frozenset(waiver.library for waiver in waivers)
        verdict = judge(evidence, claim, claim.libc, self.policies, waived)
        notes = (
            *verdict.notes,
            *explain_waivers(waivers, evidence),
        )
        illegal = judge_processor(staged.members, evidence.objects, self.processor)
        platform = verdict.platform
        platform = replace(platform, shortfalls=(*platform.shortfalls, *illegal))
        verdict = replace(verdict, notes=notes, platform=platform)
        has_settings = has_felloe_settings(_read_generator(staged))
        if not has_settings:
            verdict = _generalize(verdict)
        return WheelAudit(evidence, verdict, waivers, has_settings)


def _read_generator(staged: StagedWheel) -> str:
    member = staged.find(f"{staged.dist_info}/WHEEL")
    match = _GENERATOR.search(bytes(member.read())) if member else None
    return match[1].decode(errors="replace") if match else ""


_GENERATOR = re.compile(rb"^Generator:[ \t]*([^\r\n]*)", re.MULTILINE)


def _generalize(verdict: Verdict) -> Verdict:
    """Return the verdict with hints for users of any backend."""
    platform = verdict.platform
    return replace(
        verdict,
        problems=generalize_findings(verdict.problems),
        notes=generalize_findings(verdict.notes),
        platform=replace(platform, shortfalls=generalize_findings(platform.shortfalls)),
    )


def read_waivers(staged: StagedWheel) -> tuple[Waiver, ...]:
    """Read the record of what the wheel leaves to the user's machine.

    Raises :class:`felloe.errors.FelloeError` if it is malformed.
    """
    member = staged.find(f"{staged.dist_info}/{WAIVER_FILE}")
    return parse_waivers(bytes(member.read())) if member else ()
