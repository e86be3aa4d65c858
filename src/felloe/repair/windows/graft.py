"""Copy DLLs into a Windows wheel: find, plan, edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from felloe.audit.policy.system import WindowsSystem
from felloe.audit.windows.object import PeObject, find_python_dll
from felloe.binary.pe.editor.edit import PeEdit
from felloe.binary.pe.editor.patch import patch
from felloe.binary.pe.reader import PeImage
from felloe.config.settings import LibrarySettings
from felloe.finding import Finding
from felloe.repair.closure import Closure, FoundLibrary, NotFound, find_closure
from felloe.repair.copied import CopiedLibraries, name_copies, report_copies, stage_member
from felloe.repair.external import Graft
from felloe.repair.waived import is_waived
from felloe.repair.windows.finder import DllFinder, read_search_path
from felloe.repair.windows.plan import DllPlan, plan_dlls
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel


class WindowsGraft:
    """The DLLs of one wheel for ``platform``, as ``win_amd64``."""

    def __init__(
        self,
        staged: StagedWheel,
        objects: Sequence[PeObject],
        platform: str,
        system: WindowsSystem,
    ) -> None:
        self.staged = staged
        self.objects = [
            item
            for item in objects
            if item.pe.platform == platform
            and not item.pe.is_managed
            and ".data/scripts/" not in item.path
        ]
        self.platform = platform
        self.system = system
        self._own = {item.path.rpartition("/")[2].lower() for item in self.objects}

    def copy(
        self, settings: LibrarySettings, environ: Mapping[str, str], scratch: Path
    ) -> CopiedLibraries:
        """Return the wheel's changed members and its copies; files go below ``scratch``."""
        waived: set[str] = set()
        roots = {item.path: self._external(item.pe, settings, waived) for item in self.objects}
        closure = self._find(roots, settings, environ, waived)
        runtime = [Path(p).name for p in closure.libraries]
        keep = {name.lower() for name in runtime if self.system.is_redistributable(name)}
        names, libraries = name_copies(closure, _with_hash, keep)
        plan = plan_dlls(closure.links, names)
        grafts = tuple(Graft(libraries[path], member) for member, path in plan.copies.items())
        members = self._stage(closure, plan, scratch)
        result = CopiedLibraries(
            tuple(members),
            grafts,
            closure.missing,
            waived=frozenset(waived),
            violation=self._find_runtime(settings),
        )
        report_copies(result)
        return result

    def _find(
        self,
        roots: Mapping[str, Sequence[str]],
        settings: LibrarySettings,
        environ: Mapping[str, str],
        waived: set[str],
    ) -> Closure[PeImage]:
        finder = DllFinder(self.platform, read_search_path(settings.search, environ, self.platform))

        def find(requester: str, name: str) -> FoundLibrary[PeImage] | NotFound:
            beside = None if requester in roots else Path(requester).parent
            return finder.find(name, beside)

        def needs(found: FoundLibrary[PeImage]) -> Sequence[str]:
            return self._external(found.facts, settings, waived)

        return find_closure(roots, find, needs)

    def _external(self, image: PeImage, settings: LibrarySettings, waived: set[str]) -> list[str]:
        """Return the names that neither the wheel nor Windows nor Python has, without case."""
        found: dict[str, str] = {}
        for dll in image.dlls:
            low = dll.name.lower()
            if dll.delayed or self._is_known(low, settings):
                continue
            if is_waived(dll.name, settings) or is_waived(low, settings):
                waived.add(dll.name)
            else:
                found.setdefault(low, dll.name)
        return list(found.values())

    def _is_known(self, name: str, settings: LibrarySettings) -> bool:
        """Return whether the wheel, Python, Windows or its C++ runtime has a DLL."""
        if self.system.is_redistributable(name):
            return name in self._own or settings.msvc_runtime != "copied"
        return bool(name in self._own or find_python_dll(name) or self.system.has(name))

    def _find_runtime(self, settings: LibrarySettings) -> Finding | None:
        """Return a finding if a file needs the C++ runtime but ``msvc-runtime`` is ``static``."""
        names = {
            dll.name
            for item in self.objects
            for dll in item.pe.dlls
            if self.system.is_redistributable(dll.name)
        }
        if settings.msvc_runtime != "static" or not names:
            return None
        return Finding(
            f"{', '.join(sorted(names))} of Microsoft's C++ runtime: `libraries.msvc-runtime` is "
            '"static", and files of the wheel need it',
            hint="set CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded in [tool.scikit-build.cmake.define]",
        )

    def _stage(self, closure: Closure[PeImage], plan: DllPlan, scratch: Path) -> list[Member]:
        edited = {
            path: patch(found.data, plan.edits.get(path, PeEdit()))
            for path, found in closure.libraries.items()
        }
        members = [
            stage_member(member, edited[path], scratch, executable=True)
            for member, path in plan.copies.items()
        ]
        for member in self.staged.members:
            if member.name in plan.edits:
                data = patch(member.whole(), plan.edits[member.name])
                members.append(
                    stage_member(member.name, data, scratch, executable=member.executable)
                )
        return members


def _with_hash(name: str, digest: str) -> str:
    """``zlib1.dll`` -> ``zlib1-1a2b3c4d.dll``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{digest}{dot}{suffix}" if dot else f"{name}-{digest}"
