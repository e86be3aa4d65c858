"""The story of a graft: find what is missing, plan, copy and edit, audit again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import basename

from felloe import terminal
from felloe.audit.evidence import AuditedObject, Evidence, audit_members
from felloe.audit.linux.constraint import Kind
from felloe.audit.linux.explanation import WAYS_OUT
from felloe.audit.linux.portability import Portability
from felloe.audit.object import Role
from felloe.audit.policy.family import Policies
from felloe.binary.elf.editor.edit import Edit
from felloe.config.settings import Settings
from felloe.finding import Finding
from felloe.repair.external import Collection, Graft, Missing
from felloe.repair.plan import GraftPlan, Layout, plan_graft
from felloe.repair.script import render_launcher
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel


@dataclass(frozen=True)
class Workshop:
    """What a graft works with."""

    settings: Settings
    policies: Policies
    environ: Mapping[str, str]
    scratch: Path
    """A directory that outlives the work."""

    def room(self, name: str) -> Path:
        """A directory in it, made if it is not there."""
        place = self.scratch / name
        place.mkdir(exist_ok=True)
        return place


@dataclass(frozen=True)
class GraftedWheel:
    """A wheel that holds what it needs, as far as it was found."""

    staged: StagedWheel
    evidence: Evidence
    waived: frozenset[str] = frozenset()
    """Needed names that are left to the user's machine on purpose."""
    grafts: tuple[Graft, ...] = ()
    missing: tuple[Missing, ...] = ()


def graft(
    staged: StagedWheel, evidence: Evidence, portability: Portability, workshop: Workshop
) -> GraftedWheel:
    """Copy external libraries into ``staged``, and mend the paths of all its objects."""
    if portability.family is None or workshop.settings.platform == "linux":
        return GraftedWheel(staged, evidence)
    layout = Layout(staged.name)
    staged, evidence = _move_programs(staged, evidence, portability, workshop)
    own = _find_own(evidence, portability)
    placed = [item for item in own if layout.installed(item.path) is not None]
    collection = _gather(placed, evidence, portability, workshop)
    _announce(collection)
    foreign = _foreign_paths(staged, placed, collection, workshop)
    plan = plan_graft(own, collection, layout, foreign)
    _announce_dropped(plan)
    fresh = [*_edited(staged, own, plan, workshop), *_grafted(plan, workshop)]
    evidence = _audit_again(evidence, fresh, portability, workshop)
    bill = _bill(staged, plan, fresh, workshop)
    return GraftedWheel(
        staged=_with_members(staged, [*fresh, *bill]),
        evidence=evidence,
        waived=collection.waived,
        grafts=plan.grafts,
        missing=collection.missing,
    )


def _find_own(evidence: Evidence, portability: Portability) -> list[AuditedObject]:
    """The objects for this machine that a loader loads."""
    return [
        item
        for item in evidence.objects
        if item.elf.architecture == portability.architecture and item.elf.is_dynamic
    ]


def _with_members(staged: StagedWheel, fresh: Sequence[Member]) -> StagedWheel:
    """The wheel with members replaced, or added."""
    names = {member.name for member in fresh}
    kept = (member for member in staged.members if member.name not in names)
    return replace(staged, members=(*kept, *fresh))


def _move_programs(
    staged: StagedWheel, evidence: Evidence, portability: Portability, workshop: Workshop
) -> tuple[StagedWheel, Evidence]:
    """Move programs that need libraries out of the scripts, to where a path can lead to them."""
    layout = Layout(staged.name)
    moved = {
        path: f"{layout.programs}/{basename(path)}"
        for path in _find_needy_programs(layout, evidence, portability, workshop)
    }
    members = []
    for member in staged.members:
        if member.name in moved:
            launcher = render_launcher(layout.programs, basename(member.name))
            members.append(Member.from_bytes(member.name, launcher, executable=True))
            members.append(replace(member, name=moved[member.name], executable=True))
        else:
            members.append(member)
    objects = (replace(o, path=moved.get(o.path, o.path)) for o in evidence.objects)
    return replace(staged, members=tuple(members)), replace(evidence, objects=tuple(objects))


def _find_needy_programs(
    layout: Layout, evidence: Evidence, portability: Portability, workshop: Workshop
) -> Iterator[str]:
    """The programs on PATH that need libraries to which a path must lead."""
    own = _find_own(evidence, portability)
    programs = [o for o in own if o.role is Role.PROGRAM and layout.is_script(o.path)]
    family, settings = portability.family, workshop.settings.libraries
    if not programs or family is None:
        return
    from felloe.repair.linux.gather import needs_path

    provided = evidence.provided(portability.architecture)
    for item in programs:
        if needs_path(item.elf, provided, family, settings):
            yield item.path


def _gather(
    objects: Sequence[AuditedObject],
    evidence: Evidence,
    portability: Portability,
    workshop: Workshop,
) -> Collection:
    family, settings = portability.family, workshop.settings.libraries
    is_needy = any(item.kind is Kind.LIBRARY for item in portability.constraints)
    if family is None or not (is_needy or settings.include):
        return Collection()
    from felloe.repair.linux.gather import gather
    from felloe.repair.linux.loader import Loader, read_search_path

    extra = tuple(Path(place) for place in settings.search)
    paths = read_search_path(workshop.environ, extra, family.libc, portability.architecture)
    provided = evidence.provided(portability.architecture)
    return gather(objects, provided, family, settings, Loader(paths))


def _announce(collection: Collection) -> None:
    """Say what is copied, and what was not found and where, before anything can fail."""
    for external in collection.externals:
        terminal.report_progress(f"copying {external.soname} from {external.path}")
    for item in collection.missing:
        terminal.report_warning(
            Finding(
                f"{item.soname}, which {item.requester} needs, was not found in "
                f"{', '.join(item.places) or 'any place'}",
                hint="name its directory in `libraries.search`, or the library in "
                "`libraries.exclude` if the user's machine has it",
            )
        )


def _announce_dropped(plan: GraftPlan) -> None:
    for path, edit in plan.edits.items():
        for soname in sorted(edit.dropped):
            terminal.report_note(
                Finding(
                    f"{path} no longer needs {soname}: the interpreter that loads it has all that "
                    "is in there",
                    hint=WAYS_OUT[Kind.LIBPYTHON],
                )
            )


def _foreign_paths(
    staged: StagedWheel,
    objects: Sequence[AuditedObject],
    collection: Collection,
    workshop: Workshop,
) -> dict[str, list[str]]:
    provided_by = workshop.settings.libraries.provided_by
    if not provided_by:
        return {}
    from felloe.repair.provided_by import find_foreign_paths

    needs = {item.path: item.elf.needed for item in objects}
    needs |= {external.path: external.elf.needed for external in collection.externals}
    return find_foreign_paths(needs, provided_by, staged.metadata("METADATA"))


def _edited(
    staged: StagedWheel, objects: Sequence[AuditedObject], plan: GraftPlan, workshop: Workshop
) -> Iterator[Member]:
    """The wheel's own objects that change."""
    members = {member.name: member for member in staged.members}
    for item in objects:
        if workshop.settings.strip != "none" or item.path in plan.edits:
            member = members[item.path]
            edit = plan.edits.get(item.path, Edit())
            made = _make(item.path, member.whole(), edit, workshop)
            yield replace(made, executable=member.executable)


def _grafted(plan: GraftPlan, workshop: Workshop) -> Iterator[Member]:
    """The libraries that are copied."""
    for item in plan.grafts:
        made = _make(item.member, Path(item.external.path).read_bytes(), item.edit, workshop)
        yield replace(made, executable=True)


def _make(name: str, data: bytes, edit: Edit, workshop: Workshop) -> Member:
    """An object stripped and edited, in a file: there may be many, and large ones."""
    from felloe.binary.elf.editor.patch import patch
    from felloe.repair.strip import strip_object

    stripped = strip_object(data, name, workshop.settings.strip, workshop.environ)
    patched = patch(stripped, edit)
    path = workshop.room("members") / hashlib.sha256(name.encode()).hexdigest()
    path.write_bytes(patched)
    return Member.from_file(name, path)


def _audit_again(
    evidence: Evidence, fresh: Sequence[Member], portability: Portability, workshop: Workshop
) -> Evidence:
    """The evidence with that of changed and added objects."""
    libc = portability.family.libc if portability.family else "glibc"
    new = audit_members(fresh, workshop.policies, libc)
    changed = {item.path for item in new.objects}
    kept = tuple(item for item in evidence.objects if item.path not in changed)
    return replace(evidence, objects=(*kept, *new.objects), opaque=(*evidence.opaque, *new.opaque))


def _bill(
    staged: StagedWheel, plan: GraftPlan, fresh: Sequence[Member], workshop: Workshop
) -> list[Member]:
    """The list of what was copied."""
    if not fresh:
        return []
    from felloe.repair.sbom.graft import make_bill

    return make_bill(staged, plan.grafts, fresh, workshop.environ)
