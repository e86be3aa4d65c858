"""Copy libraries into a macOS wheel: find, plan, edit and sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from posixpath import basename

from felloe.audit.macos.library import find_missing_dylibs, installed_place
from felloe.audit.macos.object import MachObject, is_libpython_dylib
from felloe.audit.policy.system import MacosSystem
from felloe.binary.macho.editor.edit import MachoEdit
from felloe.binary.macho.editor.patch import patch
from felloe.binary.macho.reader import MachoFile
from felloe.config.settings import LibrarySettings
from felloe.repair.closure import Closure, FoundLibrary, NotFound, find_closure
from felloe.repair.copied import CopiedLibraries, name_copies, report_copies, stage_member
from felloe.repair.external import Graft, Missing
from felloe.repair.macos.finder import DylibFinder, Requester
from felloe.repair.macos.plan import Copies, choose_directory, plan_copy, plan_member
from felloe.repair.search_directories import read_search_directories
from felloe.repair.waived import is_waived
from felloe.wheel.reader import StagedWheel


class MacosGraft:
    """The libraries of one wheel. ``cpus`` are the machines of its platform tag."""

    def __init__(
        self,
        staged: StagedWheel,
        objects: Sequence[MachObject],
        cpus: frozenset[str],
        system: MacosSystem,
    ) -> None:
        self.staged = staged
        self.objects = [item for item in objects if ".data/scripts/" not in item.path]
        self.cpus = cpus
        self.system = system

    def copy(
        self, settings: LibrarySettings, environ: Mapping[str, str], scratch: Path
    ) -> CopiedLibraries:
        """Return the wheel's changed members and its copies; files go below ``scratch``."""
        missing = find_missing_dylibs(self.objects, set(self.cpus), self.system)
        wanted = [item for item in missing if not item.is_python]
        waived = frozenset(x.library for x in wanted if _is_waived(x.library, settings))
        roots: dict[str, list[str]] = {}
        for item in wanted:
            if item.library not in waived:
                roots.setdefault(item.path, []).append(item.library)
        closure = self._find(roots, settings, environ)
        return self._stage(closure, waived, scratch)

    def _find(
        self,
        roots: Mapping[str, Sequence[str]],
        settings: LibrarySettings,
        environ: Mapping[str, str],
    ) -> Closure[MachoFile]:
        finder = DylibFinder(read_search_directories(settings.search, environ), environ)
        chains = {item.path: [self._requester(item)] for item in self.objects}

        def find(requester: str, name: str) -> FoundLibrary[MachoFile] | NotFound:
            found = finder.find(name, chains[requester])
            if isinstance(found, FoundLibrary):
                own = Requester(found.path.parent, _rpaths(found.facts), chains[requester][0].cpus)
                chains.setdefault(str(found.path), [own, *chains[requester]])
            return found

        def needs(found: FoundLibrary[MachoFile]) -> Sequence[str]:
            names = dict.fromkeys(
                dylib.name
                for image in found.facts.slices
                if image.cpu in self.cpus
                for dylib in image.dylibs
                if dylib.how != "weak"
            )
            return [name for name in names if self._is_external(name, settings)]

        return find_closure(roots, find, needs)

    def _is_external(self, name: str, settings: LibrarySettings) -> bool:
        is_known = self.system.has(name) or is_libpython_dylib(name)
        return not is_known and not _is_waived(name, settings)

    def _requester(self, item: MachObject) -> Requester:
        cpus = frozenset(item.macho.cpus) & self.cpus
        return Requester(None, _rpaths(item.macho), cpus)

    def _stage(
        self, closure: Closure[MachoFile], waived: frozenset[str], scratch: Path
    ) -> CopiedLibraries:
        places = {item.path: installed_place(item.path) for item in self.objects}
        own = sorted(places.values())
        directory = choose_directory(self.staged.name.distribution, own)
        names, libraries = name_copies(closure, _with_hash)
        copies = Copies(directory, names, closure.links)
        members, grafts = [], []
        for path, name in names.items():
            data = patch(closure.libraries[path].data, plan_copy(path, copies), _stem(name))
            member = f"{directory}/{name}"
            members.append(stage_member(member, data, scratch, executable=True))
            grafts.append(Graft(libraries[path], member))
        by_name = {member.name: member for member in self.staged.members}
        for item in self.objects:
            edit = plan_member(item, places[item.path], own, copies)
            member_of = by_name[item.path]
            before = member_of.whole()
            data = _edit(before, edit, item.path)
            if data is not before:
                members.append(
                    stage_member(item.path, data, scratch, executable=member_of.executable)
                )
        result = CopiedLibraries(
            tuple(members), tuple(grafts), _sorted(closure.missing), waived=waived
        )
        report_copies(result)
        return result


def _edit(data: bytes, edit: MachoEdit, path: str) -> bytes:
    return patch(data, edit, _stem(basename(path)))


def _rpaths(macho: MachoFile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for image in macho.slices for path in image.rpaths))


def _is_waived(name: str, settings: LibrarySettings) -> bool:
    return is_waived(name, settings) or is_waived(basename(name), settings)


def _with_hash(name: str, digest: str) -> str:
    """``libzstd.1.dylib`` -> ``libzstd-1a2b3c4d.1.dylib``."""
    stem, dot, rest = name.partition(".")
    return f"{stem}-{digest}{dot}{rest}"


def _stem(name: str) -> str:
    """Return the identifier that codesign gives a file: its name without the last suffix."""
    return name.rpartition(".")[0] or name


def _sorted(missing: Sequence[Missing]) -> tuple[Missing, ...]:
    return tuple(sorted(missing, key=lambda item: (item.requester, item.soname)))
