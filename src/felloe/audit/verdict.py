"""The verdict about a wheel: its claimed tags and the tags that its files prove."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from felloe.audit.evidence import Evidence
from felloe.audit.linux.judge import LinuxJudge
from felloe.audit.other_system import judge_other
from felloe.audit.platform import PlatformJudge, PlatformVerdict
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
    """The outcome of the audit of one wheel."""

    claim: WheelName
    proved: WheelName
    """Name of the wheel with the best tags that its files prove."""
    platform: PlatformVerdict
    problems: tuple[Finding, ...]
    """False claims, under which no wheel may be written."""
    notes: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """All that is false about the claim, on the build machine or on others."""
        return (*self.problems, *self.platform.shortfalls)


def judge(
    evidence: Evidence,
    claim: WheelName,
    default_libc: str,
    policies: Policies,
    waived: frozenset[str] = frozenset(),
) -> Verdict:
    """Judge all tags of ``claim`` by the evidence.

    ``default_libc`` (``glibc`` or ``musl``) applies to wheels whose objects need no
    C library; ``waived`` are needed names that the user's machine is known to have.
    """
    abi = judge_abi(evidence, claim, waived)
    platform = _find_judge(evidence, claim, default_libc, policies)(evidence, claim, waived)
    return Verdict(
        claim=claim,
        proved=claim.with_tags(abi.pythons, abi.abis, platform.platforms),
        platform=platform,
        problems=(*abi.problems, *platform.problems),
        notes=(*abi.notes, *platform.notes),
    )


def _find_judge(
    evidence: Evidence, claim: WheelName, default_libc: str, policies: Policies
) -> PlatformJudge:
    """Return the judge of the system that the tags name.

    Raises :class:`FelloeError` if the tags name several systems or machines.
    """
    architecture = find_architecture(claim.platforms)
    if not evidence.has_binaries:
        return judge_other
    if architecture is not None:
        return LinuxJudge(architecture, default_libc, policies)
    if all(map(is_macos_tag, claim.platforms)):
        from felloe.audit.macos.judge import judge_macos
        from felloe.audit.policy.system import read_macos_system

        return partial(judge_macos, system=read_macos_system())
    if all(map(is_windows_tag, claim.platforms)):
        from felloe.audit.policy.system import read_windows_system
        from felloe.audit.windows.judge import judge_windows

        return partial(judge_windows, read_system=read_windows_system)
    if any(is_macos_tag(tag) or is_windows_tag(tag) for tag in claim.platforms):
        raise FelloeError(
            f"a wheel is for one system, this one is tagged for {', '.join(claim.platforms)}"
        )
    return judge_other


def find_architecture(platforms: Sequence[str]) -> str | None:
    """Return the machine that Linux platform tags name; None for other platforms.

    Raises :class:`FelloeError` if they name more than one.
    """
    matches = [match for match in map(_LINUX_TAG.fullmatch, platforms) if match]
    found = sorted({match["architecture"] for match in matches})
    if len(found) > 1:
        raise FelloeError(f"a wheel is for one machine, this one is tagged for {', '.join(found)}")
    return found[0] if found else None
