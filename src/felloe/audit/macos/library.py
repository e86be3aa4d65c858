"""Find the needed libraries of Mach-O files in the wheel, as dyld does.

Source: dyld(1), "DYLD_*" apart, which no wheel can rely on: ``@loader_path`` is
the directory of the file that needs the library, ``@executable_path`` that of
the program, and ``@rpath`` stands for each ``LC_RPATH`` of those that led here.
A library that is loaded already is known by its install name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import basename, dirname, join, normpath

from felloe.audit.macos.object import MachObject, is_libpython_dylib
from felloe.audit.object import Role
from felloe.audit.platform import MissingLibrary
from felloe.audit.policy.system import MacosSystem
from felloe.binary.macho.reader import MachoSlice

_LOADER, _EXECUTABLE, _RPATH = "@loader_path/", "@executable_path/", "@rpath/"


def find_missing_dylibs(
    objects: Sequence[MachObject], cpus: set[str], system: MacosSystem
) -> Iterator[MissingLibrary]:
    """Yield the needed libraries of ``cpus`` that neither the wheel nor the system has.

    A weak library may be absent. Each (file, library) is said once.
    """
    found: dict[MissingLibrary, None] = {}
    for cpu in sorted(cpus):
        search = _Search(objects, cpu, system)
        for item in objects:
            image = item.find_slice(cpu)
            for dylib in image.dylibs if image else ():
                if dylib.how == "weak" or system.has(dylib.name):
                    continue
                if not search.finds(item, dylib.name):
                    is_python = is_libpython_dylib(dylib.name)
                    found[MissingLibrary(item.path, dylib.name, is_python)] = None
    yield from found


class _Search:
    """The files of a wheel with an image for one machine, and the places their paths lead to."""

    def __init__(self, objects: Sequence[MachObject], cpu: str, system: MacosSystem) -> None:
        self._system = system
        images = [(x, image) for x in objects for image in [x.find_slice(cpu)] if image]
        self._files = {installed_place(item.path) for item, _ in images}
        self._names = {image.install_name for _, image in images if image.install_name}
        self._places = {place for item, image in images for place in _rpath_places(item, image)}
        self._outside = {path for _, image in images for path in image.rpaths if path[:1] == "/"}
        self._by_name: dict[str, list[str]] = {}
        for path in sorted(self._files):
            self._by_name.setdefault(basename(path), []).append(path)

    def finds(self, item: MachObject, name: str) -> bool:
        """Return True if the wheel has the library that ``item`` needs."""
        if name in self._names:
            return True  # whoever needs it first leads the loader to it
        if ".data/" in item.path and installed_place(item.path) == item.path:
            # Where scripts lie in relation to the rest, the installer decides.
            return basename(name) in self._by_name
        place = dirname(installed_place(item.path))
        if name.startswith(_LOADER):
            return _join(place, name[len(_LOADER) :]) in self._files
        if name.startswith(_EXECUTABLE):
            is_program = item.role is Role.PROGRAM
            return is_program and _join(place, name[len(_EXECUTABLE) :]) in self._files
        if name.startswith(_RPATH):
            return self._finds_by_rpath(normpath(name[len(_RPATH) :]))
        return False

    def _finds_by_rpath(self, rest: str) -> bool:
        """Return True if an ``LC_RPATH`` of any file leads to the library."""
        for path in self._by_name.get(basename(rest), ()):
            head, _, tail = path.rpartition("/" + rest) if path != rest else (".", "", "")
            if not tail and (head or ".") in self._places:
                return True
        return any(self._system.has(normpath(join(path, rest))) for path in self._outside)


def _rpath_places(item: MachObject, image: MachoSlice) -> tuple[str, ...]:
    """Return the directories of the wheel that an image's ``LC_RPATH`` name."""
    place = dirname(installed_place(item.path))
    marks = (_LOADER, _EXECUTABLE) if item.role is Role.PROGRAM else (_LOADER,)
    entries = ((entry + "/", mark) for entry in image.rpaths for mark in marks)
    return tuple(_join(place, e[len(mark) :]) for e, mark in entries if e.startswith(mark))


def installed_place(path: str) -> str:
    """Return the path of a file in site-packages; the path itself for files installed elsewhere."""
    head, mark, rest = path.partition(".data/")
    scheme, _, inner = rest.partition("/")
    return inner if mark and "/" not in head and scheme in ("platlib", "purelib") else path


def _join(place: str, path: str) -> str:
    """Join a directory and the rest of a path; several slashes count as one."""
    return normpath(join(place, path.lstrip("/")))
