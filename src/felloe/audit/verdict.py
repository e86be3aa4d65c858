"""What a wheel may be called: the proof held against what was asked and claimed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from felloe.audit.evidence import Evidence
from felloe.audit.linux.policy_claim import find_overclaims
from felloe.audit.linux.portability import Portability, judge_portability
from felloe.audit.other_system import find_other_notes, find_other_problems
from felloe.audit.platform_proof import MissingLibrary, PlatformProof
from felloe.audit.policy.family import Policies
from felloe.audit.python.abi import judge_abi
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.wheel.tags import WheelName, is_macos_tag, is_windows_tag

_LINUX_TAG = re.compile(
    r"(linux|manylinux(1|2010|2014|_\d+_\d+)|musllinux_\d+_\d+)_(?P<architecture>[a-z]\w*)"
)


@dataclass(frozen=True)
class Verdict:
    """The outcome for one wheel."""

    claim: WheelName
    proved: WheelName
    """The same wheel under the best tags that its files prove."""
    problems: tuple[Finding, ...]
    """Claims that are false."""
    notes: tuple[Finding, ...]
    portability: Portability | None
    """None for a wheel that is not for Linux, or has no binaries."""
    shortfalls: tuple[Finding, ...] = ()
    """Claims that are false of other machines than the one at hand: see :class:`PlatformProof`."""
    platforms_hold: bool = True
    """No platform tag of macOS promises more than the files do."""
    missing: tuple[MissingLibrary, ...] = ()
    """What a wheel for macOS or Windows needs, and neither it nor the system has."""

    @property
    def faults(self) -> tuple[Finding, ...]:
        """All that is false about the claim."""
        return (*self.problems, *self.shortfalls)


def judge(
    evidence: Evidence,
    claim: WheelName,
    default_libc: str,
    policies: Policies,
    waived: frozenset[str] = frozenset(),
) -> Verdict:
    """Hold all tags of ``claim`` against the evidence.

    ``default_libc`` and ``waived`` are as for :func:`judge_portability`.
    """
    abi = judge_abi(evidence, claim)
    architecture = find_architecture(claim.platforms)
    proof = _judge_system(evidence, claim, waived) if evidence.has_binaries else None
    if architecture is None and proof is not None:
        return Verdict(
            claim=claim,
            proved=claim.with_tags(abi.pythons, abi.abis, proof.platforms),
            problems=(*abi.problems, *proof.problems),
            notes=(*abi.notes, *proof.notes),
            portability=None,
            shortfalls=proof.shortfalls,
            platforms_hold=proof.holds,
            missing=proof.missing,
        )
    if architecture is None or not evidence.has_binaries:
        problems = (*abi.problems, *find_other_problems(evidence, claim))
        proved = claim.with_tags(abi.pythons, abi.abis, claim.platforms)
        notes = (*abi.notes, *find_other_notes(evidence, claim))
        return Verdict(claim, proved, problems, notes, None)
    portability = judge_portability(evidence, architecture, default_libc, policies, waived)
    return Verdict(
        claim=claim,
        proved=claim.with_tags(abi.pythons, abi.abis, portability.platforms()),
        problems=(*abi.problems, *portability.problems, *find_overclaims(portability, claim)),
        notes=(*abi.notes, *portability.notes),
        portability=portability,
    )


def _judge_system(
    evidence: Evidence, claim: WheelName, waived: frozenset[str]
) -> PlatformProof | None:
    """What is proved of a wheel for macOS or Windows; None for any other.

    Raises :class:`FelloeError` if the tags name one of them and something else.
    """
    if all(map(is_macos_tag, claim.platforms)):
        from felloe.audit.macos.judge import judge_macos
        from felloe.audit.policy.system import read_macos_system

        return judge_macos(evidence, claim.platforms, read_macos_system(), waived)
    if all(map(is_windows_tag, claim.platforms)):
        from felloe.audit.policy.system import read_windows_system
        from felloe.audit.windows.judge import judge_windows

        return judge_windows(evidence, claim.platforms, read_windows_system(), waived)
    if any(is_macos_tag(tag) or is_windows_tag(tag) for tag in claim.platforms):
        raise FelloeError(
            f"a wheel is for one system, this one is tagged for {', '.join(claim.platforms)}"
        )
    return None


def find_architecture(platforms: Sequence[str]) -> str | None:
    """The machine that Linux platform tags name; None for any other platform.

    Raises :class:`FelloeError` if they name more than one.
    """
    matches = [match for match in map(_LINUX_TAG.fullmatch, platforms) if match]
    found = sorted({match["architecture"] for match in matches})
    if len(found) > 1:
        raise FelloeError(f"a wheel is for one machine, this one is tagged for {', '.join(found)}")
    return found[0] if found else None
