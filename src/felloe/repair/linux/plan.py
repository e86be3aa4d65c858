"""Plan a repair for Linux: which libraries go where, under which names, and each edit.

Pure: facts in, a plan out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname

from felloe.audit.evidence import AuditedObject
from felloe.audit.linux.constraint import is_libpython
from felloe.audit.object import Role
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.reader import ElfObject
from felloe.errors import FelloeError
from felloe.repair.external import Collection, External, Graft, Link
from felloe.repair.linux.layout import AddedDirectory, Layout
from felloe.repair.merkle import name_grafts
from felloe.wheel.install_scheme import POSIX


@dataclass(frozen=True)
class ElfGraft(Graft):
    """A copy of an ELF library and the changes to it."""

    edit: Edit


@dataclass(frozen=True)
class GraftPlan:
    """All copies and edits of a repair."""

    grafts: tuple[ElfGraft, ...]
    edits: Mapping[str, Edit]
    """Edits by member."""


def plan_graft(
    objects: Sequence[AuditedObject],
    collection: Collection,
    layout: Layout,
    foreign_paths: Mapping[str, Sequence[str]],
) -> GraftPlan:
    """Decide names, places and edits.

    ``foreign_paths`` are installed directories of other distributions, in which a
    member or an external finds the libraries that they provide.
    """
    tree = _Tree(objects, layout, collection)
    grafts: dict[str, ElfGraft] = {}
    for external in collection.externals:
        path, name = external.path, tree.names[external.path]
        known = grafts.get(name)
        if known is not None and known.external.digest != external.digest:
            raise FelloeError(
                f"{known.external.path} and {path} would both be {name} in the wheel",
                hint="name only one of them in `libraries.include`",
            )
        edit = _plan_copy(external, tree, foreign_paths.get(path, ()))
        member = f"{tree.homes[path].member}/{name}"
        grafts.setdefault(name, ElfGraft(external, member, edit))
    edits = {}
    for item in objects:
        edit = _plan_member(item, tree, foreign_paths.get(item.path, ()))
        if edit.expect(item.elf) != item.elf:
            edits[item.path] = edit
    return GraftPlan(tuple(grafts.values()), edits)


def _plan_copy(external: External, tree: _Tree, foreign: Sequence[str]) -> Edit:
    home = tree.homes[external.path].place
    copies = tree.find_copies(external.path)
    places = [*copies, *tree.find_siblings(external.elf.needed, home, copies), *foreign]
    return Edit(
        soname=tree.names[external.path],
        needed=tree.renames.get(external.path, {}),
        dropped=_libpythons(external.elf),
        rpath=":".join(_origins(places, home)),
    )


def _libpythons(elf: ElfObject) -> frozenset[str]:
    return frozenset(filter(is_libpython, elf.needed))


def _plan_member(item: AuditedObject, tree: _Tree, foreign: Sequence[str]) -> Edit:
    """Return the edit of a wheel's own object; an empty one if nothing changes."""
    # A program does not run inside an interpreter: it needs its library.
    dropped = frozenset() if item.role is Role.PROGRAM else _libpythons(item.elf)
    entries = item.elf.runpath or item.elf.rpath
    home = dirname(POSIX.locate(item.path))
    kept = [_resolve(entry, home) for entry in entries]
    after = [place for place in kept if place is not None and tree.leads(place)]
    after += [*tree.find_siblings(item.elf.needed, home, after), *foreign]
    after += tree.find_copies(item.path)
    path = list(entries) if after == kept else _origins(after, home)
    # Of two paths the loader looks at one; the other may hold anything.
    is_same = path == list(entries) and not (item.elf.rpath and item.elf.runpath)
    rpath = None if is_same else ":".join(path)
    needed = tree.renames.get(item.path, {})
    return Edit(needed=needed, dropped=dropped, rpath=rpath, runpath=bool(item.elf.runpath))


def _resolve(entry: str, home: str) -> str | None:
    """Return the place that an RPATH entry names; None for one outside of the environment."""
    origin, _, rest = entry.partition("/")
    if origin not in {"$ORIGIN", "${ORIGIN}"} or "$" in rest:
        return None
    return POSIX.resolve(home, rest)


def _origins(places: Iterable[str], home: str) -> list[str]:
    """Return the RPATH entries, each once, for the places to which a fixed path leads."""
    paths = (POSIX.find_path(home, place) for place in dict.fromkeys(places))
    return ["$ORIGIN" if path == "." else f"$ORIGIN/{path}" for path in paths if path is not None]


class _Tree:
    """The places of a wheel's objects, and of the copies that it gets, once installed."""

    def __init__(
        self, objects: Sequence[AuditedObject], layout: Layout, collection: Collection
    ) -> None:
        self._layout = layout
        self._has_neighbours = bool(collection.waived or collection.missing)
        self._places = {item.path: POSIX.locate(item.path) for item in objects}
        self._directories = {dirname(place) for place in self._places.values()}
        self._providers: dict[str, set[str]] = {}
        for place in self._places.values():
            self._providers.setdefault(basename(place), set()).add(dirname(place))
        self._links: dict[str, list[Link]] = {}
        for link in collection.links:
            self._links.setdefault(link.requester, []).append(link)
        private = {
            external.path: layout.libraries.member
            for external in collection.externals
            if any(name in self._providers for name in external.elf.needed)
        }
        self.names = name_grafts(collection, private)
        self.renames = {
            requester: {link.soname: self.names[link.target] for link in links}
            for requester, links in self._links.items()
        }
        self.homes = self._choose_homes(collection)
        self._included = dict.fromkeys(self.homes[path].place for path in collection.included)

    def _choose_homes(self, collection: Collection) -> dict[str, AddedDirectory]:
        """Return the directory of each copy.

        Whatever an object outside of site-packages needs, directly or not, must
        lie outside as well. Equal names are one file.
        """
        outside = [m for m, place in self._places.items() if not POSIX.is_importable(place)]
        queue = [link.target for member in outside for link in self._links.get(member, ())]
        queue += collection.included if outside else ()
        shared = dict.fromkeys(queue)
        for path in queue:
            fresh = [x.target for x in self._links.get(path, ()) if x.target not in shared]
            shared |= dict.fromkeys(fresh)
            queue += fresh
        names = {self.names[path] for path in shared}
        layout = self._layout
        return {
            path: layout.shared_libraries if name in names else layout.libraries
            for path, name in self.names.items()
        }

    def leads(self, directory: str) -> bool:
        """Tell whether a needed library may be found there.

        It may in this wheel's directories. If the wheel needs libraries that it
        does not hold it may in any: several distributions may share a package.
        """
        return self._has_neighbours or directory in self._directories

    def find_copies(self, requester: str) -> list[str]:
        """Return the directories of the copies that an object needs, or may load by name."""
        targets = (link.target for link in self._links.get(requester, ()))
        return list(dict.fromkeys([*(self.homes[t].place for t in targets), *self._included]))

    def find_siblings(
        self, needed: Sequence[str], home: str, known: Sequence[str]
    ) -> Iterator[str]:
        """Yield the directories of this wheel's own libraries among ``needed``.

        Libraries in a directory of ``known`` are left out, and those to which no
        fixed path leads.
        """
        for name in needed:
            providers = self._providers.get(name, set())
            if providers.isdisjoint(known):
                reached = [p for p in sorted(providers) if POSIX.find_path(home, p) is not None]
                if reached:
                    yield home if home in reached else reached[0]
