"""Copy libraries into a Linux wheel: find, plan, copy and edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from felloe import terminal
from felloe.audit.evidence import AuditedObject
from felloe.audit.linux.constraint import Kind
from felloe.audit.linux.explanation import WAYS_OUT
from felloe.audit.object import Role
from felloe.audit.policy.family import PolicyFamily
from felloe.binary.elf.editor.edit import Edit
from felloe.config.settings import LibrarySettings
from felloe.finding import Finding
from felloe.repair.copied import CopiedLibraries, stage_member
from felloe.repair.external import INCLUDE, Collection
from felloe.repair.linux.gather import gather, has_external, needs_copy
from felloe.repair.linux.launcher import render_launcher
from felloe.repair.linux.layout import Layout
from felloe.repair.linux.plan import GraftPlan, plan_graft
from felloe.repair.linux.shared_soname import find_shared_sonames
from felloe.repair.search_directories import read_search_directories
from felloe.wheel.install_scheme import POSIX
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel


@dataclass(frozen=True)
class LinuxGraft:
    """The libraries of one wheel for Linux."""

    staged: StagedWheel
    objects: Sequence[AuditedObject]
    """Those for the machine of the wheel's tag."""
    family: PolicyFamily
    strip: str
    """The setting of this name."""

    def copy(
        self, settings: LibrarySettings, environ: Mapping[str, str], scratch: Path
    ) -> CopiedLibraries:
        """Return the wheel's changed members and its copies; files go below ``scratch``."""
        layout = Layout(self.staged.name)
        dynamic = [item for item in self.objects if item.elf.is_dynamic]
        moved = self._move_programs(dynamic, layout, settings)
        own = [replace(item, path=moved.get(item.path, item.path)) for item in dynamic]
        members = {moved.get(m.name, m.name): m for m in self.staged.members}
        for note in find_shared_sonames(own, members):
            terminal.report_note(note)
        collection = self._gather(own, settings, environ)
        _report_collection(collection)
        plan = plan_graft(own, collection, layout, self._find_foreign(own, collection, settings))
        _report_dropped(plan)
        maker = _Maker(self.strip, environ, scratch)
        fresh = [
            *_write_launchers(layout, moved),
            *(replace(members[new], name=new, executable=True) for new in moved.values()),
        ]
        edited = list(maker.edit(own, members, plan))
        names = {member.name for member in edited}
        return CopiedLibraries(
            members=(*(m for m in fresh if m.name not in names), *edited, *maker.copy(plan)),
            grafts=plan.grafts,
            missing=collection.missing,
            waived=collection.waived,
            removed=frozenset(moved),
        )

    def _move_programs(
        self, own: Sequence[AuditedObject], layout: Layout, settings: LibrarySettings
    ) -> dict[str, str]:
        """Return the new paths of commands that need libraries in site-packages.

        No fixed path leads there from the directory of commands.
        """
        outside = [o for o in own if not POSIX.is_importable(POSIX.locate(o.path))]
        provided = _provided(own) - _provided(outside)
        moved = {}
        for item in outside:
            command = layout.find_command(item.path)
            if command is None or item.role is not Role.PROGRAM:
                continue
            needs_own = any(name in provided for name in item.elf.needed)
            if needs_own or needs_copy(item.elf, _provided(own), self.family, settings):
                moved[item.path] = f"{layout.programs.member}/{command}"
        return moved

    def _gather(
        self,
        own: Sequence[AuditedObject],
        settings: LibrarySettings,
        environ: Mapping[str, str],
    ) -> Collection:
        provided = _provided(own)
        if not settings.include and not has_external(own, provided, self.family):
            return Collection()
        from felloe.repair.linux.loader import Loader
        from felloe.repair.linux.search_path import read_search_path

        extra = read_search_directories(settings.search, environ)
        libc, architecture = self.family.libc, self.family.architecture
        paths = read_search_path(environ, extra, libc, architecture)
        return gather(own, provided, self.family, settings, Loader(paths))

    def _find_foreign(
        self, own: Sequence[AuditedObject], collection: Collection, settings: LibrarySettings
    ) -> Mapping[str, Sequence[str]]:
        if not settings.provided_by:
            return {}
        from felloe.repair.linux.provided_by import find_foreign_paths

        needs = {item.path: item.elf.needed for item in own}
        needs |= {external.path: external.elf.needed for external in collection.externals}
        return find_foreign_paths(needs, settings.provided_by, self.staged.metadata("METADATA"))


def _provided(objects: Sequence[AuditedObject]) -> frozenset[str]:
    """Return the names under which the objects are needed."""
    names = {item.path.rpartition("/")[2] for item in objects}
    return frozenset(names | {item.elf.soname for item in objects if item.elf.soname})


def _write_launchers(layout: Layout, moved: Mapping[str, str]) -> Iterator[Member]:
    for new in moved.values():
        command = new.partition("/")[2]
        script = render_launcher(layout.programs.member, command)
        path = f"{layout.name.data}/scripts/{command}"
        yield Member.from_bytes(path, script, executable=True)


@dataclass(frozen=True)
class _Maker:
    """Writes edited files below a directory: there may be many, and large ones."""

    strip: str
    environ: Mapping[str, str]
    scratch: Path

    def edit(
        self, own: Sequence[AuditedObject], members: Mapping[str, Member], plan: GraftPlan
    ) -> Iterator[Member]:
        """Yield the wheel's own objects that change."""
        for item in own:
            if self.strip != "none" or item.path in plan.edits:
                member = members[item.path]
                edit = plan.edits.get(item.path, Edit())
                is_command = item.path != member.name
                made = self._make(item.path, member.whole(), edit)
                yield replace(made, executable=member.executable or is_command)

    def copy(self, plan: GraftPlan) -> Iterator[Member]:
        """Yield the copies."""
        for item in plan.grafts:
            made = self._make(item.member, item.external.read(), item.edit)
            yield replace(made, executable=True)

    def _make(self, name: str, data: bytes, edit: Edit) -> Member:
        from felloe.binary.elf.editor.patch import patch
        from felloe.repair.linux.strip import strip_object

        stripped = strip_object(data, name, self.strip, self.environ)
        return stage_member(name, patch(stripped, edit), self.scratch, executable=False)


def _report_collection(collection: Collection) -> None:
    """Name the copied and the missing libraries before anything can fail."""
    for external in collection.externals:
        terminal.report_progress(f"copying {external.soname} from {external.path}")
    for item in collection.missing:
        if item.requester != INCLUDE:
            terminal.report_warning(
                Finding(
                    f"{item.soname}, which {item.requester} needs, was not found in "
                    f"{', '.join(item.places) or 'any place'}",
                    hint="name its directory in `libraries.search`, or the library in "
                    "`libraries.exclude` if the user's machine has it",
                )
            )


def _report_dropped(plan: GraftPlan) -> None:
    for path, edit in plan.edits.items():
        for soname in sorted(edit.dropped):
            terminal.report_note(
                Finding(
                    f"{path} no longer needs {soname}: the interpreter that loads it contains it",
                    hint=WAYS_OUT[Kind.LIBPYTHON],
                )
            )
