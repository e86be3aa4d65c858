"""Finish a wheel: audit it, copy in libraries, judge its claim, settle its tags.

The engine's wheel and any other wheel file take this path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from felloe import __version__, terminal
from felloe.audit.evidence import Evidence, audit_members
from felloe.audit.platform import PlatformRequest
from felloe.audit.provider import find_waivers
from felloe.audit.verdict import Verdict, judge
from felloe.audit.wheel_file import read_waivers
from felloe.config.settings import Settings
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.python.target import read_running_macos
from felloe.repair.add_copies import add_copies, merge_evidence
from felloe.repair.context import RepairContext
from felloe.repair.copied import CopiedLibraries
from felloe.repair.external import INCLUDE, Graft, Missing
from felloe.repair.grafter import find_grafter
from felloe.repair.waived import explain_copies, make_rules, record_waivers, with_waivers
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import WheelName
from felloe.wheel.wheel_file import retag

GENERATOR = f"felloe {__version__}"


@dataclass(frozen=True)
class Finished:
    """A wheel that is ready to be written, and the findings about it."""

    staged: StagedWheel
    """It contains the libraries that were found; its tags are proved."""
    grafts: tuple[Graft, ...]
    missing: tuple[Missing, ...]
    violation: Finding | None
    """The reason if its tags, or its libraries, are not those requested."""
    summary: str


def finish(staged: StagedWheel, claim: WheelName, libc: str, context: RepairContext) -> StagedWheel:
    """Return the wheel with the libraries it needs and with tags that its files prove.

    ``claim`` is its name so far. Raises :class:`FelloeError` with all false claims,
    and for a violation if the settings ask for an error.
    """
    finished = complete(staged, claim, libc, context)
    if context.settings.on_violation == "error":
        refuse_violation(finished)
    report(finished)
    return finished.staged


def complete(staged: StagedWheel, claim: WheelName, libc: str, context: RepairContext) -> Finished:
    """Finish a wheel and leave the decision about a violation to the caller."""
    settings, policies = context.settings, context.policies
    recorded = read_waivers(staged)
    libraries = with_waivers(settings.libraries, recorded)
    evidence = audit_members(staged.members, policies, libc)
    grafter = find_grafter(staged, evidence, claim, libc, context)
    copied = CopiedLibraries()
    if grafter is not None:
        copied = grafter.copy(libraries, context.environ, context.make_directory("members"))
        staged = add_copies(staged, copied, context.environ)
        new = audit_members(copied.members, policies, libc) if copied.members else Evidence()
        evidence = merge_evidence(evidence, new, copied.replaced)
    metadata = staged.find(f"{staged.dist_info}/METADATA")
    known = find_waivers(
        evidence,
        recorded,
        bytes(metadata.read()) if metadata else b"",
        make_rules(settings.libraries),
    )
    waivers = explain_copies(copied.waived, known, settings.libraries)
    staged = record_waivers(staged, waivers)
    waived = frozenset(waiver.library for waiver in waivers)
    verdict = judge(evidence, claim, libc, policies, waived)
    name, violation = _settle(verdict, settings, staged.name.platforms)
    # A pure wheel may carry launchers for Windows.
    is_bound = name.platforms != ("any",) and evidence.has_binaries
    has_binaries = is_bound or bool(evidence.objects)
    return Finished(
        staged=retag(staged, name, generator=GENERATOR, has_binaries=has_binaries),
        grafts=copied.grafts,
        missing=(*copied.missing, *_find_missing(copied, verdict)),
        violation=_join(_find_not_included(copied), _join(copied.violation, violation)),
        summary=_summary(verdict, name),
    )


def _find_missing(copied: CopiedLibraries, verdict: Verdict) -> Iterator[Missing]:
    """Yield the missing libraries that no search has reported."""
    reported = {(item.requester, item.soname) for item in copied.missing}
    for item in verdict.platform.missing:
        if (item.path, item.library) not in reported:
            yield Missing(item.path, item.library, ())


def _find_not_included(copied: CopiedLibraries) -> Finding | None:
    missing = [item for item in copied.missing if item.requester == INCLUDE]
    if not missing:
        return None
    lines = (f"{x.soname} was not found in {', '.join(x.places) or 'any place'}" for x in missing)
    return Finding(
        f"{INCLUDE} is not fulfilled: " + "; ".join(lines),
        hint="name its directory in `libraries.search`, or remove it from `libraries.include`",
    )


def _join(first: Finding | None, second: Finding | None) -> Finding | None:
    """Return both findings as one."""
    if first is None or second is None:
        return first or second
    hints = "; ".join(hint for hint in (first.hint, second.hint) if hint)
    return Finding(f"{first.message}\n{second.message}", hint=hints)


def refuse_violation(finished: Finished) -> None:
    """Raise :class:`FelloeError` if there is a violation."""
    if finished.violation is not None:
        raise FelloeError(finished.violation.message, hint=finished.violation.hint)


def report(finished: Finished) -> None:
    """Print the tags of the wheel and the reason why they are not better."""
    if finished.violation is not None:
        terminal.report_warning(finished.violation)
    terminal.report_progress(finished.summary)


def _settle(
    verdict: Verdict, settings: Settings, before: Sequence[str]
) -> tuple[WheelName, Finding | None]:
    """Return the name to write, and its violation of the settings.

    ``before`` are the platform tags that the wheel had. Raises
    :class:`FelloeError` with all false claims.
    """
    for note in verdict.notes:
        terminal.report_note(note)
    if verdict.problems:
        raise FelloeError(
            "\n".join(problem.message for problem in verdict.problems),
            hint="; ".join(dict.fromkeys(p.hint for p in verdict.problems if p.hint)),
        )
    proved = verdict.proved
    # A wheel that is written in spite of a violation is to be installed here.
    running = read_running_macos() if settings.on_violation == "degrade" else None
    request = PlatformRequest(settings.platform, settings.platform_origin, tuple(before), running)
    choice = verdict.platform.choose(request)
    return proved.with_tags(proved.pythons, proved.abis, choice.platforms), choice.violation


def _summary(verdict: Verdict, name: WheelName) -> str:
    """Return the tags and the fact that rules out better ones."""
    if verdict.platform.shortfalls:
        return f"tagged {name.tag}"
    reason = verdict.platform.limit_reason
    return f"tagged {name.tag}: {reason}" if reason else f"tagged {name.tag}, as its files prove"
