"""Compare policy tags, with or without a machine, with the proved policies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from felloe.audit.linux.explanation import explain
from felloe.audit.linux.portability import Portability
from felloe.audit.policy.family import NEVER
from felloe.finding import Finding
from felloe.wheel.tags import WheelName

POLICY_TAG = re.compile(
    r"(?P<policy>manylinux(1|2010|2014)|(many|musl)linux_\d+_\d+)(_(?P<architecture>[a-z]\w*))?"
)


def find_overclaims(portability: Portability, claim: WheelName) -> Iterator[Finding]:
    """Yield a problem for each claimed policy tag that the binaries do not meet."""
    for platform in claim.platforms:
        match = POLICY_TAG.fullmatch(platform)
        if match is None:
            continue
        limit = find_limit(portability, match["policy"])
        if limit is None and portability.self_contained:
            limit = NEVER - 1  # what no policy allows is all that can stand in the way
        if limit is None:
            yield Finding(f"the tag {platform} is not proved: {explain_family(portability)}")
        elif portability.blockers(limit):
            yield explain(f"the tag {platform} is not proved", portability, limit)


def find_limit(portability: Portability, policy: str) -> int | None:
    """Return the highest floor that ``policy`` allows; None if it is of another family."""
    family = portability.family
    if family is None or not policy.startswith(family.name):
        return None
    position = family.position(policy)
    if position is not None:
        return position
    older = [entry for entry in family.policies if _version(entry.name) <= _version(policy)]
    return len(older) - 1


def _version(policy: str) -> tuple[int, ...]:
    return tuple(int(number) for number in policy.split("_")[1:])


def explain_family(portability: Portability) -> str:
    """Explain why no policy of the claimed family holds."""
    if portability.family is None:
        return f"no policy knows the machine {portability.architecture}"
    return f"its binaries are for {portability.family.name} systems"
