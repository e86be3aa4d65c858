"""Render an audit as a JSON document; its schema is ``audit.schema.json`` of the package."""

from __future__ import annotations

from typing import Any

from felloe.audit.evidence import AuditedObject
from felloe.audit.linux.constraint import Constraint
from felloe.audit.linux.judge import LinuxVerdict
from felloe.audit.linux.portability import Portability
from felloe.audit.macos.object import MachObject
from felloe.audit.object import AuditedFile
from felloe.audit.verdict import Verdict
from felloe.audit.wheel_file import WheelAudit
from felloe.audit.windows.object import PeObject
from felloe.binary.macho.reader import MachoSlice
from felloe.finding import Finding
from felloe.wheel.tags import WheelName

SCHEMA_VERSION = 1


def render_json(wheel: str, audit: WheelAudit) -> dict[str, Any]:
    """Return the audit of one wheel as plain values."""
    evidence, verdict = audit.evidence, audit.verdict
    portability = find_portability(verdict)
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
            *(_render_mach_object(item) for item in evidence.mach_objects),
            *(_render_pe_object(item) for item in evidence.pe_objects),
        ],
        "missing": [{"path": x.path, "library": x.library} for x in verdict.platform.missing],
        "waived": [
            {"library": x.library, "reason": x.reason.value, "distribution": x.distribution}
            for x in audit.waivers
        ],
        "better": _better(portability) if portability else {},
    }


def render_failure(wheel: str, message: str) -> dict[str, Any]:
    """Return the document of a wheel that could not be audited."""
    return {"version": SCHEMA_VERSION, "wheel": wheel, "passed": False, "error": message}


def find_portability(verdict: Verdict) -> Portability | None:
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
        **_render_file(item, "ELF"),
        "architecture": item.elf.architecture,
        "libc": item.libc,
        "soname": item.elf.soname,
        "needed": list(item.elf.needed),
        "runpath": list(item.elf.runpath or item.elf.rpath),
        "symbol_versions": {library: sorted(found) for library, found in sorted(versions.items())},
        "policy": find_object_policy(item, portability),
        "gil": item.gil.value if item.gil else None,
    }


def find_object_policy(item: AuditedObject, portability: Portability | None) -> str | None:
    """Return the best policy that a wheel with only this object would meet."""
    if portability is None or portability.family is None:
        return None
    floors = [c.floor for c in portability.constraints if c.path == item.path]
    return portability.family.policy_name(max(floors, default=0))


def _better(portability: Portability) -> dict[str, list[dict[str, Any]]]:
    """Return the constraints that rule out each policy better than the proved one."""
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


def _render_file(item: AuditedFile, kind: str) -> dict[str, Any]:
    """Return the facts of every file; ``kind`` is the name of its format."""
    return {
        "path": item.path,
        "format": kind,
        "role": item.role.value,
        "abi": item.module.abi.value if item.module else None,
    }


def _render_mach_object(item: MachObject) -> dict[str, Any]:
    """Return one Mach-O file, image by image."""
    return {
        **_render_file(item, "Mach-O"),
        "images": [_render_image(image) for image in item.macho.slices],
    }


def _render_image(image: MachoSlice) -> dict[str, Any]:
    return {
        "architecture": image.cpu,
        "minimum_macos": str(image.minimum_macos) if image.minimum_macos else None,
        "install_name": image.install_name,
        "needed": [dylib.name for dylib in image.dylibs],
        "rpath": list(image.rpaths),
        "signed": image.is_signed,
    }


def _render_pe_object(item: PeObject) -> dict[str, Any]:
    """Return one PE file."""
    return {
        **_render_file(item, "PE"),
        "platform": item.pe.platform,
        "managed": item.pe.is_managed,
        "minimum_windows": ".".join(map(str, item.pe.subsystem_version)),
        "needed": [dll.name for dll in item.pe.dlls if not dll.delayed],
        "needed_late": [dll.name for dll in item.pe.dlls if dll.delayed],
    }
