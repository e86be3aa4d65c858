"""The finishing path: audit a wheel, hold its claim against the proof, settle its tags.

The engine's wheel and any wheel file take this way.
"""

from __future__ import annotations

from dataclasses import replace

from felloe import __version__, console
from felloe.archive.member import hold
from felloe.archive.record import render_wheel_file
from felloe.archive.wheel import StagedWheel
from felloe.audit import audit_members
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.pipeline.graft import Workshop, graft
from felloe.settings import Settings
from felloe.tags import WheelName
from felloe.verdict import Verdict, choose_platforms, judge

GENERATOR = f"felloe {__version__}"


def finish(staged: StagedWheel, claim: WheelName, libc: str, workshop: Workshop) -> StagedWheel:
    """The wheel with all it needs, under tags that its files prove.

    ``claim`` is what it is to be called so far. Raises :class:`FelloeError`
    with everything that is false about it.
    """
    policies = workshop.policies
    evidence = audit_members(staged.members, policies, libc)
    verdict = judge(evidence, claim, libc, policies)
    if verdict.portability is not None:
        grafted = graft(staged, evidence, verdict.portability, workshop)
        staged, evidence = grafted.staged, grafted.evidence
        verdict = judge(evidence, claim, libc, policies, grafted.waived)
    name = _settle(verdict, workshop.settings)
    return retag(staged, name, has_binaries=bool(evidence.objects))


def _settle(verdict: Verdict, settings: Settings) -> WheelName:
    """The name to write, or an error with everything that is false about the claim."""
    for note in verdict.notes:
        console.report_note(note)
    if verdict.problems:
        raise FelloeError(
            "\n".join(problem.message for problem in verdict.problems),
            hint="; ".join(dict.fromkeys(p.hint for p in verdict.problems if p.hint)),
        )
    proved = verdict.proved
    if verdict.portability is not None:
        wanted, origin = settings.platform, settings.platform_origin
        choice = choose_platforms(verdict.portability, wanted, origin)
        _report_violation(choice.violation, settings)
        proved = proved.with_tags(proved.pythons, proved.abis, choice.platforms)
    console.report_progress(_summary(verdict, proved))
    return proved


def _summary(verdict: Verdict, name: WheelName) -> str:
    """The tags, and what keeps them from being better."""
    portability = verdict.portability
    if portability is None or not portability.constraints:
        return f"tagged {name.tag}, as its files prove"
    hardest = portability.constraints[0]
    symbols = f" ({', '.join(hardest.symbols[:2])})" if hardest.symbols else ""
    return f"tagged {name.tag}: {hardest.path} needs {hardest.subject}{symbols}"


def _report_violation(violation: Finding | None, settings: Settings) -> None:
    if violation is None:
        return
    if settings.on_violation == "error":
        raise FelloeError(violation.message, hint=violation.hint)
    console.report_warning(violation)


def retag(staged: StagedWheel, name: WheelName, *, has_binaries: bool) -> StagedWheel:
    """The same wheel under another name, which its ``WHEEL`` file repeats."""
    path = f"{staged.dist_info}/WHEEL"
    was_purelib = b"Root-Is-Purelib: true" in staged.metadata("WHEEL")
    is_purelib = was_purelib and not has_binaries
    text = render_wheel_file(name, generator=GENERATOR, is_purelib=is_purelib)
    members = (hold(path, text), *(m for m in staged.members if m.name != path))
    return replace(staged, name=name, members=members)
