"""Add copied libraries to a wheel, and what they say to its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from posixpath import dirname
from typing import TypeVar

from felloe.audit.evidence import Evidence
from felloe.audit.object import AuditedFile
from felloe.errors import FelloeError
from felloe.repair.copied import CopiedLibraries
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel

_FileT = TypeVar("_FileT", bound=AuditedFile)


def add_copies(
    staged: StagedWheel, copied: CopiedLibraries, environ: Mapping[str, str]
) -> StagedWheel:
    """Return the wheel with the copies and an SBOM that lists them.

    Raises :class:`FelloeError` if a file of the wheel is in the way of a directory.
    """
    if not copied.members:
        return staged
    from felloe.repair.sbom.member import make_sbom

    kept = replace(staged, members=tuple(_without(staged.members, copied.replaced)))
    whole = _with_members(kept, copied.members)
    return _with_members(whole, make_sbom(whole, copied.grafts, copied.members, environ))


def _with_members(staged: StagedWheel, fresh: Sequence[Member]) -> StagedWheel:
    """Return the wheel with members replaced, or added."""
    names = {member.name for member in fresh}
    kept = tuple(member for member in staged.members if member.name not in names)
    files = {member.name for member in kept} | names
    for path in sorted({parent for name in names for parent in _parents(name)} & files):
        raise FelloeError(
            f"{staged.name.filename} contains a file named {path}, where felloe adds a directory "
            "of that name",
            hint="rename that file",
        )
    return replace(staged, members=(*kept, *fresh))


def _without(members: Iterable[Member], names: Collection[str]) -> Iterator[Member]:
    return (member for member in members if member.name not in names)


def _parents(path: str) -> Iterator[str]:
    while path := dirname(path):
        yield path


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
