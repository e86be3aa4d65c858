"""An audit as a JSON document and as a table for people.

The document's schema is ``audit.schema.json`` beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from felloe.audit.constraint import Constraint
from felloe.audit.evidence import AuditedObject, Evidence
from felloe.audit.explanation import list_symbols
from felloe.audit.portability import Portability
from felloe.audit.verdict import Verdict
from felloe.finding import Finding
from felloe.tags import WheelName

SCHEMA_VERSION = 1


def render_json(wheel: str, evidence: Evidence, verdict: Verdict) -> dict[str, Any]:
    """The audit of one wheel, as plain values."""
    portability = verdict.portability
    return {
        "version": SCHEMA_VERSION,
        "wheel": wheel,
        "holds": not verdict.problems,
        "claimed": _tags(verdict.claim),
        "proved": _tags(verdict.proved),
        "policy": portability.policy if portability else None,
        "problems": [_finding(item) for item in verdict.problems],
        "notes": [_finding(item) for item in verdict.notes],
        "objects": [_object(item, portability) for item in evidence.objects],
        "better": _better(portability) if portability else {},
    }


def render_failure(wheel: str, message: str) -> dict[str, Any]:
    """The document of a wheel that could not be audited."""
    return {"version": SCHEMA_VERSION, "wheel": wheel, "holds": False, "error": message}


def _tags(name: WheelName) -> dict[str, list[str]]:
    return {
        "python": list(name.pythons),
        "abi": list(name.abis),
        "platform": list(name.platforms),
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"message": finding.message, "hint": finding.hint, "path": finding.path}


def _object(item: AuditedObject, portability: Portability | None) -> dict[str, Any]:
    versions: dict[str, list[str]] = {}
    for need in item.elf.version_needs:
        versions.setdefault(need.library, []).append(need.version)
    return {
        "path": item.path,
        "role": item.role.value,
        "architecture": item.elf.architecture,
        "libc": item.libc,
        "abi": item.module.abi.value if item.module else None,
        "soname": item.elf.soname,
        "needed": list(item.elf.needed),
        "runpath": list(item.elf.runpath or item.elf.rpath),
        "symbol_versions": {library: sorted(found) for library, found in sorted(versions.items())},
        "policy": _object_policy(item, portability),
    }


def _object_policy(item: AuditedObject, portability: Portability | None) -> str | None:
    """The best policy the wheel would meet if it held this object alone."""
    if portability is None or portability.family is None:
        return None
    floors = [c.floor for c in portability.constraints if c.path == item.path]
    return portability.family.policy_name(max(floors, default=0))


def _better(portability: Portability) -> dict[str, list[dict[str, Any]]]:
    """Policy better than the proved one -> what stands in its way."""
    family = portability.family
    if family is None:
        return {}
    above = family.policies[: portability.floor]
    return {
        f"{policy.name}_{portability.architecture}": [
            _constraint(item, portability) for item in portability.blockers(position)
        ]
        for position, policy in enumerate(above)
    }


def _constraint(item: Constraint, portability: Portability) -> dict[str, Any]:
    return {
        "path": item.path,
        "kind": item.kind.value,
        "subject": item.subject,
        "symbols": list(item.symbols),
        "allowed_from": portability.family.policy_name(item.floor) if portability.family else None,
    }


def render_text(wheel: str, evidence: Evidence, verdict: Verdict) -> str:
    """The audit of one wheel for a terminal."""
    return "\n".join(_lines(wheel, evidence, verdict))


def _lines(wheel: str, evidence: Evidence, verdict: Verdict) -> Iterator[str]:
    yield wheel
    yield f"  claims  {verdict.claim.tag}"
    yield f"  proves  {verdict.proved.tag}"
    portability = verdict.portability
    if evidence.objects:
        yield ""
        yield from _table(evidence, portability)
    if portability is not None:
        yield from _better_lines(portability)
    for heading, findings in (("false", verdict.problems), ("note", verdict.notes)):
        for finding in findings:
            yield ""
            yield f"  {heading}: " + finding.message.replace("\n", "\n  ")
            if finding.hint:
                yield f"  hint: {finding.hint}"
    yield ""
    yield "  The claims hold." if not verdict.problems else "  The claims do not hold."


def _table(evidence: Evidence, portability: Portability | None) -> Iterator[str]:
    """What each object needs, those alike in one row."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for item in evidence.objects:
        kind = item.role.value
        if item.module is not None:
            kind = item.module.abi_tag or item.module.abi.value
        policy = _object_policy(item, portability) or "none"
        machine = item.elf.architecture or "unknown"
        key = (machine, kind, policy, " ".join(item.elf.needed) or "nothing")
        alike.setdefault(key, []).append(item.path)
    rows = [("object", "machine", "ABI or kind", "best policy", "needs")]
    rows += [(_first_and_more(paths), *key) for key, paths in alike.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        yield "  " + "  ".join([*cells, row[4]])


def _first_and_more(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _better_lines(portability: Portability) -> Iterator[str]:
    """For each step up from what is proved: what is in the way of just that step."""
    family = portability.family
    if family is None:
        return
    for position in range(min(portability.floor, len(family.policies)) - 1, -1, -1):
        is_newest = position == len(family.policies) - 1
        alike: dict[str, list[Constraint]] = {}
        for item in portability.constraints:
            if item.floor == position + 1 or (is_newest and item.floor > position):
                alike.setdefault(item.subject, []).append(item)
        if alike:
            yield f"\n  {family.policies[position].name} is out of reach:"
            yield from (f"    {_needed_by(items)}" for items in alike.values())


def _needed_by(items: list[Constraint]) -> str:
    objects = _first_and_more([item.path for item in items])
    return f"{items[0].subject}{list_symbols(items)}: {objects}"
