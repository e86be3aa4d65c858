"""The finishing path: audit a wheel, hold its claim against the proof, settle its tags.

The engine's wheel and any wheel file take this way.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from felloe import __version__, terminal
from felloe.audit.evidence import audit_members
from felloe.audit.linux.judge import LinuxVerdict
from felloe.audit.platform import PlatformRequest
from felloe.audit.verdict import Verdict, judge
from felloe.config.settings import Settings
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.python.target import read_running_macos
from felloe.repair.external import Graft, Missing
from felloe.repair.graft import GraftedWheel, Workshop, graft
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import WheelName
from felloe.wheel.wheel_file import retag

GENERATOR = f"felloe {__version__}"


@dataclass(frozen=True)
class Finished:
    """A wheel that is ready to be written, and what is to be known about that."""

    staged: StagedWheel
    """It holds what it needs, as far as that was found; its tags are proved."""
    grafts: tuple[Graft, ...]
    missing: tuple[Missing, ...]
    violation: Finding | None
    """Why its tags are not those wanted, if they are not."""
    summary: str


def finish(staged: StagedWheel, claim: WheelName, libc: str, workshop: Workshop) -> StagedWheel:
    """The wheel with all it needs, under tags that its files prove.

    ``claim`` is what it is to be called so far. Raises :class:`FelloeError`
    with everything that is false about it, and for a violation if the settings
    want an error.
    """
    finished = complete(staged, claim, libc, workshop)
    if workshop.settings.on_violation == "error":
        refuse_violation(finished)
    report(finished)
    return finished.staged


def complete(staged: StagedWheel, claim: WheelName, libc: str, workshop: Workshop) -> Finished:
    """The same, where a violation is the caller's to judge."""
    policies = workshop.policies
    evidence = audit_members(staged.members, policies, libc)
    verdict = judge(evidence, claim, libc, policies)
    grafted = GraftedWheel(staged, evidence)
    platform = verdict.platform
    if isinstance(platform, LinuxVerdict):
        grafted = graft(staged, evidence, platform.portability, workshop)
        verdict = judge(grafted.evidence, claim, libc, policies, grafted.waived)
    elif platform.missing:
        waived = _find_waived(verdict, workshop.settings)
        verdict = judge(evidence, claim, libc, policies, waived)
    name, violation = _settle(verdict, workshop.settings, staged.name.platforms)
    # A pure wheel may carry launchers for Windows.
    is_bound = name.platforms != ("any",) and grafted.evidence.has_binaries
    has_binaries = is_bound or bool(grafted.evidence.objects)
    return Finished(
        staged=retag(grafted.staged, name, generator=GENERATOR, has_binaries=has_binaries),
        grafts=grafted.grafts,
        missing=(*grafted.missing, *_find_missing(grafted, verdict)),
        violation=violation,
        summary=_summary(verdict, name),
    )


def _find_missing(grafted: GraftedWheel, verdict: Verdict) -> Iterator[Missing]:
    """Return the missing libraries that no search has reported."""
    reported = {(item.requester, item.soname) for item in grafted.missing}
    for item in verdict.platform.missing:
        if (item.path, item.library) not in reported:
            yield Missing(item.path, item.library, ())


def refuse_violation(finished: Finished) -> None:
    """Raises :class:`FelloeError` if there is one."""
    if finished.violation is not None:
        raise FelloeError(finished.violation.message, hint=finished.violation.hint)


def report(finished: Finished) -> None:
    """Say what the wheel is called, and why not better."""
    if finished.violation is not None:
        terminal.report_warning(finished.violation)
    terminal.report_progress(finished.summary)


def _find_waived(verdict: Verdict, settings: Settings) -> frozenset[str]:
    """What a wheel for macOS or Windows lacks and the settings leave to the user's machine."""
    from felloe.repair.linux.gather import is_waived

    names = {item.library: posixpath.basename(item.library) for item in verdict.platform.missing}
    return frozenset(
        library
        for library, name in names.items()
        if is_waived(library, settings.libraries) or is_waived(name, settings.libraries)
    )


def _settle(
    verdict: Verdict, settings: Settings, before: Sequence[str]
) -> tuple[WheelName, Finding | None]:
    """The name to write and what violates the settings in it.

    ``before`` are the platform tags that the wheel had.

    Raises :class:`FelloeError` with everything that is false about the claim.
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
    """The tags, and what keeps them from being better."""
    if verdict.platform.shortfalls:
        return f"tagged {name.tag}"
    reason = verdict.platform.limit_reason
    return f"tagged {name.tag}: {reason}" if reason else f"tagged {name.tag}, as its files prove"
