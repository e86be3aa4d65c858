"""Judge the manylinux, musllinux and linux tags of a wheel."""

from __future__ import annotations

from dataclasses import dataclass

from felloe.audit.evidence import Evidence
from felloe.audit.linux.constraint import Kind
from felloe.audit.linux.platform_choice import choose_platforms
from felloe.audit.linux.policy_claim import find_overclaims
from felloe.audit.linux.portability import Portability, judge_portability
from felloe.audit.platform import (
    MissingLibrary,
    PlatformChoice,
    PlatformRequest,
    PlatformVerdict,
)
from felloe.audit.policy.family import NEVER, Policies
from felloe.wheel.tags import WheelName


@dataclass(frozen=True)
class LinuxVerdict(PlatformVerdict):
    """The verdict about a wheel for Linux, with the facts that its policies weigh."""

    portability: Portability

    @property
    def policy(self) -> str | None:
        return self.portability.policy

    @property
    def limit(self) -> str:
        return next((item.subject for item in self.portability.constraints), "")

    @property
    def limit_reason(self) -> str:
        for hardest in self.portability.constraints:
            symbols = f" ({', '.join(hardest.symbols[:2])})" if hardest.symbols else ""
            return f"{hardest.path} needs {hardest.subject}{symbols}"
        return ""

    def choose(self, request: PlatformRequest) -> PlatformChoice:
        return choose_platforms(self.portability, request)


@dataclass(frozen=True)
class LinuxJudge:
    """The judge of wheels for one machine; see :func:`judge_portability`."""

    architecture: str
    default_libc: str
    policies: Policies

    def __call__(
        self, evidence: Evidence, claim: WheelName, waived: frozenset[str]
    ) -> LinuxVerdict:
        portability = judge_portability(
            evidence, self.architecture, self.default_libc, self.policies, waived
        )
        return LinuxVerdict(
            platforms=portability.platforms(),
            accepted=portability.platforms(),
            problems=(*portability.problems, *find_overclaims(portability, claim)),
            shortfalls=(),
            missing=_find_missing(portability),
            notes=portability.notes,
            portability=portability,
        )


def _find_missing(portability: Portability) -> tuple[MissingLibrary, ...]:
    return tuple(
        MissingLibrary(item.path, item.subject, item.kind is Kind.LIBPYTHON)
        for item in portability.constraints
        if item.kind in (Kind.LIBRARY, Kind.LIBPYTHON) and item.floor == NEVER
    )
