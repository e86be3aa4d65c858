"""An audit as a JSON document and as a table for people.

The document's schema is ``audit.schema.json`` beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from felloe.audit.evidence import AuditedObject, Evidence
from felloe.audit.linux.constraint import Constraint
from felloe.audit.linux.explanation import list_symbols
from felloe.audit.linux.judge import LinuxVerdict
from felloe.audit.linux.portability import Portability
from felloe.audit.platform import list_paths
from felloe.audit.report.object_report import render_file, render_mach_object, render_pe_object
from felloe.audit.report.object_table import render_tables
from felloe.audit.verdict import Verdict
from felloe.audit.wheel_file import WheelAudit
from felloe.finding import Finding
from felloe.wheel.tags import WheelName

SCHEMA_VERSION = 1


def render_json(wheel: str, audit: WheelAudit) -> dict[str, Any]:
    """Return the audit of one wheel as plain values."""
    evidence, verdict = audit.evidence, audit.verdict
    portability = _find_portability(verdict)
    return {
        "version": SCHEMA_VERSION,
        "wheel": wheel,
        "passed": not verdict.faults,
        "claimed": _tags(verdict.claim),
        "proved": _tags(verdict.proved),
        "policy": verdict.platform.policy,
        "problems": [_finding(item) for item in verdict.faults],
        "notes": [_finding(item) for item in verdict.notes],
        "objects": [
            *(_object(item, portability) for item in evidence.objects),
            *(render_mach_object(item) for item in evidence.mach_objects),
            *(render_pe_object(item) for item in evidence.pe_objects),
        ],
        "missing": [{"path": x.path, "library": x.library} for x in verdict.platform.missing],
        "waived": [
            {"library": x.library, "reason": x.reason.value, "distribution": x.distribution}
            for x in audit.waivers
        ],
        "better": _better(portability) if portability else {},
    }


def render_failure(wheel: str, message: str) -> dict[str, Any]:
    """The document of a wheel that could not be audited."""
    return {"version": SCHEMA_VERSION, "wheel": wheel, "passed": False, "error": message}


def _find_portability(verdict: Verdict) -> Portability | None:
    """Return the facts that graded policies weigh, which only Linux has."""
    platform = verdict.platform
    return platform.portability if isinstance(platform, LinuxVerdict) else None


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
        **render_file(item, "ELF"),
        "architecture": item.elf.architecture,
        "libc": item.libc,
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


def render_text(wheel: str, audit: WheelAudit) -> str:
    """Return the audit of one wheel for a terminal."""
    return "\n".join(_lines(wheel, audit.evidence, audit.verdict))


def _lines(wheel: str, evidence: Evidence, verdict: Verdict) -> Iterator[str]:
    yield wheel
    yield f"  claims  {verdict.claim.tag}"
    yield f"  proves  {verdict.proved.tag}"
    portability = _find_portability(verdict)
    yield from render_tables(evidence, lambda item: _object_policy(item, portability))
    if portability is not None:
        yield from _better_lines(portability)
    for heading, findings in (("false", verdict.faults), ("note", verdict.notes)):
        for finding in findings:
            yield ""
            yield f"  {heading}: " + finding.message.replace("\n", "\n  ")
            if finding.hint:
                yield f"  hint: {finding.hint}"
    yield ""
    yield "  The claims hold." if not verdict.faults else "  The claims do not hold."


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
    objects = list_paths([item.path for item in items])
    return f"{items[0].subject}{list_symbols(items)}: {objects}"
