"""Decide which steps of a build to repeat and which files of the tree to delete before."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from felloe.build.tree.record import Step
from felloe.build.watch.trace import Kind

_REPEATED = frozenset((Kind.CONFIGURE, Kind.EDGE))


@dataclass(frozen=True)
class Plan:
    """Changes of a tree before the engine runs in it."""

    kept: Mapping[str, Step]
    """Steps that need not be repeated."""
    removed: frozenset[str]
    """Paths of files in the tree to delete."""
    configures: bool
    """True if CMake has to configure again."""


def plan_build(steps: Mapping[str, Step], changed: Collection[str], build_dir: str) -> Plan | None:
    """Decide which steps of a tree to keep. Return None if there are none.

    ``changed`` are keys of files that have changed.
    """
    stale = find_stale(steps, changed)
    configures = not any(step.kind is Kind.CONFIGURE for step in steps.values())
    configures |= any(steps[name].kind is Kind.CONFIGURE for name in stale)
    if configures:
        stale |= {name for name, step in steps.items() if step.kind is Kind.CONFIGURE}
        stale |= _find_visible(steps)
    stale = _add_dependents(steps, stale)
    if any(steps[name].kind is Kind.BUILD for name in stale) or _share_files(steps, stale):
        return None
    removed = {path for name in stale for path in steps[name].writes}
    return Plan(
        kept={name: step for name, step in steps.items() if name not in stale},
        removed=frozenset(path for path in removed if path.startswith(f"{build_dir}/")),
        configures=configures,
    )


def find_stale(steps: Mapping[str, Step], changed: Collection[str]) -> set[str]:
    """Return the names of the steps that have read or made something that changed.

    The engine runs in any case.
    """
    return {
        name
        for name, step in steps.items()
        if step.kind is not Kind.ENGINE
        if not step.reads.isdisjoint(changed) or any(f"f{path}" in changed for path in step.writes)
    }


def find_leftovers(steps: Mapping[str, Step], outputs: Collection[str]) -> set[str]:
    """Return the names of the edges without an output in ninja's graph (``outputs``)."""
    return {
        name
        for name, step in steps.items()
        if step.kind is Kind.EDGE and step.writes and step.writes.isdisjoint(outputs)
    }


def _find_visible(steps: Mapping[str, Step]) -> set[str]:
    """Return the edges whose outputs CMake looks at, and which were missing at first."""
    looks = [step.looks for step in steps.values() if step.kind is Kind.CONFIGURE]
    seen = frozenset().union(*looks)
    return {
        name
        for name, step in steps.items()
        if step.kind is Kind.EDGE
        and any(f"f{path}" in seen or f"d{os.path.dirname(path)}" in seen for path in step.writes)
    }


def _add_dependents(steps: Mapping[str, Step], stale: Iterable[str]) -> set[str]:
    """Add the edges that read what stale edges make."""
    readers: dict[str, list[str]] = {}
    for name, step in steps.items():
        if step.kind is Kind.EDGE:
            for key in step.reads:
                readers.setdefault(key, []).append(name)
    found, pending = set(stale), [name for name in stale if steps[name].kind is Kind.EDGE]
    while pending:
        for path in steps[pending.pop()].writes:
            keys = (f"f{path}", f"l{path}", f"d{os.path.dirname(path)}")
            new = {name for key in keys for name in readers.get(key, ())} - found
            found |= new
            pending += new
    return found


def _share_files(steps: Mapping[str, Step], stale: Collection[str]) -> bool:
    """Return whether a stale step wrote a file that another step wrote too."""
    writers = Counter(
        path for step in steps.values() if step.kind in _REPEATED for path in step.writes
    )
    return any(writers[path] > 1 for name in stale for path in steps[name].writes)
