"""Add copied libraries to a wheel, and what they say to its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from felloe.audit.evidence import Evidence
from felloe.audit.object import AuditedFile
from felloe.repair.copied import CopiedLibraries
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel

_FileT = TypeVar("_FileT", bound=AuditedFile)


def add_copies(
    staged: StagedWheel, copied: CopiedLibraries, environ: Mapping[str, str]
) -> StagedWheel:
    """Return the wheel with the copies and an SBOM that lists them."""
    if not copied.members:
        return staged
    from felloe.repair.sbom.member import make_sbom

    kept = tuple(_without(staged.members, copied.replaced))
    whole = replace(staged, members=(*kept, *copied.members))
    sbom = make_sbom(whole, copied.grafts, copied.members, environ)
    others = _without(whole.members, {member.name for member in sbom})
    return replace(whole, members=(*others, *sbom))


def _without(members: Iterable[Member], names: Collection[str]) -> Iterator[Member]:
    return (member for member in members if member.name not in names)


def merge_evidence(old: Evidence, new: Evidence, replaced: Collection[str]) -> Evidence:
    """Return the evidence of a wheel after members were replaced, removed and added."""
    return replace(
        old,
        objects=(*_others(old.objects, replaced), *new.objects),
        mach_objects=(*_others(old.mach_objects, replaced), *new.mach_objects),
        pe_objects=(*_others(old.pe_objects, replaced), *new.pe_objects),
        opaque=(*old.opaque, *new.opaque),
    )


def _others(items: Iterable[_FileT], replaced: Collection[str]) -> Iterator[_FileT]:
    return (item for item in items if item.path not in replaced)
