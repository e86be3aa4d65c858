"""Choose the platform tags of a wheel for Linux that is being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from felloe.audit.linux.explanation import explain
from felloe.audit.linux.policy_claim import POLICY_TAG, explain_family, find_limit
from felloe.audit.linux.portability import Portability
from felloe.audit.platform import PlatformChoice, PlatformRequest
from felloe.finding import Finding
from felloe.wheel.tags import pypi_accepts

_OTHER_LIBC = (
    'compile for that C library: with `toolchain = "zig"` in [tool.felloe], or with a toolchain '
    "file of your own"
)


def choose_platforms(portability: Portability, request: PlatformRequest) -> PlatformChoice:
    """Choose the platform tags of a wheel for Linux."""
    best = (*portability.platforms(), *_find_others(portability, request.before))
    wanted, origin = request.wanted, request.origin
    if wanted == "linux":
        return PlatformChoice((f"linux_{portability.architecture}",))
    if wanted in ("auto", "pypi"):
        return PlatformChoice(best, _general_violation(portability, must_upload=wanted == "pypi"))
    match = POLICY_TAG.fullmatch(wanted)
    if match is None or match["architecture"] not in (None, portability.architecture):
        return PlatformChoice(
            best,
            Finding(
                f"{origin} wants {wanted}; the wheel is tagged {'.'.join(best)}: "
                f"its binaries are for {portability.architecture}",
                hint="name a policy without a machine, such as manylinux_2_28",
            ),
        )
    limit = find_limit(portability, match["policy"])
    goal = f"{origin} wants {wanted}; the wheel is tagged {'.'.join(best)}"
    if limit is None:
        message = f"{goal}: {explain_family(portability)}"
        return PlatformChoice(best, Finding(message, hint=_OTHER_LIBC))
    if portability.blockers(limit) or portability.floor > limit:
        return PlatformChoice(best, explain(goal, portability, limit))
    asked = f"{match['policy']}_{portability.architecture}"
    return PlatformChoice(tuple(sorted({*best, *_synonyms(portability, asked)})))


def _find_others(portability: Portability, before: Sequence[str]) -> Iterator[str]:
    """Yield policy tags for the other C library, which hold if the wheel needs no C library."""
    if portability.self_contained and portability.policy is not None:
        for platform in before:
            match = POLICY_TAG.fullmatch(platform)
            if match and find_limit(portability, match["policy"]) is None:
                yield platform


def _synonyms(portability: Portability, platform: str) -> tuple[str, ...]:
    """Return the platform tag and its synonyms."""
    for position in range(len(portability.family.policies) if portability.family else 0):
        platforms = portability.platforms_at(position)
        if platform in platforms:
            return platforms
    return (platform,)


def _general_violation(portability: Portability, *, must_upload: bool) -> Finding | None:
    """Return the problem of the best tag, None if it has none."""
    platforms = ".".join(portability.platforms())
    uploadable = all(map(pypi_accepts, portability.platforms()))
    if portability.policy is None and (portability.constraints or not uploadable):
        goal = f"the wheel is tagged {platforms}"
        goal += " and fails elsewhere" if uploadable else ", which PyPI refuses"
        if portability.family is None:
            return Finding(f"{goal}: {explain_family(portability)}")
        return explain(goal, portability, len(portability.family.policies) - 1)
    if must_upload and not uploadable:
        return Finding(f"the wheel is tagged {platforms}, which PyPI refuses: it knows no such tag")
    return None
