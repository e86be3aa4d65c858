"""Decide how the files of a macOS wheel and the copies of libraries refer to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath, relpath

from felloe.audit.macos.object import MachObject
from felloe.binary.macho.editor.edit import MachoEdit
from felloe.repair.external import Link

_LOADER, _RPATH = "@loader_path/", "@rpath/"


@dataclass(frozen=True)
class Copies:
    """The copies of external libraries: where they lie and who needs them."""

    directory: str
    """The directory of the wheel that holds them."""
    names: Mapping[str, str]
    """Path on the build machine -> file name in that directory."""
    links: Sequence[Link]

    def renames(self, requester: str, home: str) -> dict[str, str]:
        """Return old install name -> new one for a file that lies in ``home``."""
        return {
            link.soname: _loader_path(join(self.directory, self.names[link.target]), home)
            for link in self.links
            if link.requester == requester
        }


def choose_directory(distribution: str, places: Iterable[str]) -> str:
    """Return the directory for copies: the one package's ``.dylibs``, as delocate has it.

    ``places`` are the installed paths of the wheel's files. A wheel whose files
    lie in several top-level packages gets ``<distribution>.dylibs``.
    """
    tops = {place.partition("/")[0] for place in places if "/" in place}
    loose = any("/" not in place for place in places)
    if len(tops) == 1 and not loose:
        return f"{tops.pop()}/.dylibs"
    return f"{distribution}.dylibs"


def plan_copy(path: str, copies: Copies) -> MachoEdit:
    """Return the edit of a copied library: its own name, its needs, no search paths."""
    return MachoEdit(
        install_name=copies.names[path],
        dylibs=copies.renames(path, copies.directory),
        rpaths=(),
    )


def plan_member(item: MachObject, place: str, own: Sequence[str], copies: Copies) -> MachoEdit:
    """Return the edit of a file of the wheel that is installed at ``place``.

    ``own`` are the installed paths of all its files. A library of the wheel
    that no relative path leads to is named by its path. Absolute search paths
    of the build machine are removed, unless a library that stays outside may
    need them.
    """
    home = dirname(place)
    renames = copies.renames(item.path, home)
    dylibs = {dylib.name for image in item.macho.slices for dylib in image.dylibs}
    rpaths = _merge(image.rpaths for image in item.macho.slices)
    for name in sorted(dylibs - set(renames)):
        path = _find_own(name, home, rpaths, own)
        if path is not None:
            renames[name] = _loader_path(path, home)
    kept = tuple(entry for entry in rpaths if entry.startswith("@"))
    is_bound = all(_leads(name, home, kept, own) for name in dylibs - set(renames))
    return MachoEdit(dylibs=renames, rpaths=kept if is_bound and kept != rpaths else None)


def _find_own(name: str, home: str, rpaths: Sequence[str], own: Sequence[str]) -> str | None:
    """Return the wheel's file for a name that would not lead to it once installed."""
    relative = [entry for entry in rpaths if entry.startswith("@")]
    if name.startswith(_LOADER) or _leads(name, home, relative, own):
        return None
    is_local = name.startswith((_RPATH, "/")) or "/" not in name
    found = [path for path in own if basename(path) == basename(name)]
    return found[0] if is_local and len(found) == 1 else None


def _leads(name: str, home: str, rpaths: Sequence[str], own: Sequence[str]) -> bool:
    """Return whether ``@rpath`` leads to a file of the wheel; any other name needs no search."""
    if not name.startswith(_RPATH):
        return name.startswith(("@", "/usr/lib/", "/System/"))
    places = (
        normpath(join(home, (entry + "/")[len(_LOADER) :], name[len(_RPATH) :]))
        for entry in rpaths
        if (entry + "/").startswith(_LOADER)
    )
    return any(place in own for place in places)


def _merge(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_flatten(lists)))


def _flatten(lists: Iterable[Sequence[str]]) -> Iterator[str]:
    for items in lists:
        yield from items


def _loader_path(path: str, home: str) -> str:
    return _LOADER + relpath(path, home or ".")
