"""A wheel or an sdist with one fault, and the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from felloe.check.rule import Rule
from support.dist_samples import INFO, MACH_O, METADATA, make_sdist, make_wheel


@dataclass(frozen=True)
class Bad:
    """A file to make, the rule it breaks, and words of what is said about it."""

    name: str
    rule: Rule
    says: str
    make: Callable[[Path], Path]
    besides: frozenset[Rule] = frozenset()
    """What else is wrong with it, as a matter of course."""


def wheel(name, rule, says, *words, besides=(), **options) -> Bad:
    return Bad(
        name, rule, says, lambda place: make_wheel(place, *words, **options), frozenset(besides)
    )


def sdist(name, rule, says, *words, besides=(), **options) -> Bad:
    return Bad(
        f"sdist-{name}",
        rule,
        says,
        lambda place: make_sdist(place, *words, **options),
        frozenset(besides),
    )


def field(name, rule, says, line, **options) -> Bad:
    return wheel(name, rule, says, metadata=METADATA + line + "\n", **options)


def platform(tag, says) -> Bad:
    name = f"demo-1.0-py3-none-{tag}.whl"
    files = {"demo/_m.so": MACH_O}
    besides = (Rule.PROOF,)
    return wheel(f"tag-{tag}", Rule.PLATFORM_TAG, says, name, files=files, besides=besides)


def points(name, says, text) -> Bad:
    files = {f"{INFO}/entry_points.txt": text}
    return wheel(f"entry-points-{name}", Rule.ENTRY_POINTS, says, files=files)
