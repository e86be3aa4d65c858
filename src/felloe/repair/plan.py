"""What to copy into a wheel, under which names, and how to edit what needs it.

Pure: facts in, a plan out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath, relpath

from felloe.audit.evidence import AuditedObject
from felloe.audit.linux.constraint import is_libpython
from felloe.audit.linux.lint import is_relative_to_origin
from felloe.audit.object import Role
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.reader import ElfObject
from felloe.errors import FelloeError
from felloe.repair.external import Collection, External, Graft, Link
from felloe.repair.merkle import name_grafts
from felloe.wheel.tags import WheelName


@dataclass(frozen=True)
class ElfGraft(Graft):
    """A copy of an ELF library and the changes to it."""

    edit: Edit


@dataclass(frozen=True)
class GraftPlan:
    """Everything that grafting will do to a wheel."""

    grafts: tuple[ElfGraft, ...]
    edits: Mapping[str, Edit]
    """Member -> how it is edited."""


@dataclass(frozen=True)
class Layout:
    """Where a wheel's members lie once installed, relative to site-packages."""

    name: WheelName

    @property
    def libraries(self) -> str:
        """The directory of grafts."""
        return f"{self.name.distribution}.libs"

    @property
    def programs(self) -> str:
        """The directory of programs that were moved out of the scripts."""
        return f"{self.name.distribution}.scripts"

    def is_script(self, member: str) -> bool:
        """Whether a member becomes a program on PATH."""
        return _split(member)[0] == "scripts"

    def installed(self, member: str) -> str | None:
        """The path of a member below site-packages; None for one that goes elsewhere."""
        scheme, place = _split(member)
        return place if scheme in {"", "platlib", "purelib"} else None


def _split(member: str) -> tuple[str, str]:
    """The scheme of a member, if it is in a ``.data`` directory, and its path there."""
    top, _, rest = member.partition("/")
    if not rest or not top.endswith(".data"):
        return "", member
    scheme, _, place = rest.partition("/")
    return scheme, place


def plan_graft(
    objects: Sequence[AuditedObject],
    collection: Collection,
    layout: Layout,
    foreign_paths: Mapping[str, Sequence[str]],
) -> GraftPlan:
    """Decide names and edits.

    ``foreign_paths`` are directories below site-packages, of other
    distributions, in which a member or an external finds what they provide.
    """
    tree = _Tree(objects, layout, collection)
    private = {
        external.path: layout.libraries
        for external in collection.externals
        if any(tree.siblings(external.elf.needed, layout.libraries, ()))
    }
    names = name_grafts(collection, private)
    wanted = _renames(collection.links, names)
    grafts: dict[str, ElfGraft] = {}
    for external in collection.externals:
        path, name = external.path, names[external.path]
        known = grafts.get(name)
        if known is not None and known.external.digest != external.digest:
            raise FelloeError(
                f"{known.external.path} and {path} would both be {name} in the wheel",
                hint="name only one of them in `libraries.include`",
            )
        edit = _graft_edit(external, name, wanted.get(path, {}), tree, foreign_paths.get(path, ()))
        grafts.setdefault(name, ElfGraft(external, join(layout.libraries, name), edit))
    edits = {}
    for item in objects:
        needed = wanted.get(item.path, {})
        edit = _member_edit(item, tree, needed, foreign_paths.get(item.path, ()))
        if edit.expect(item.elf) != item.elf:
            edits[item.path] = edit
    return GraftPlan(tuple(grafts.values()), edits)


def _renames(links: Iterable[Link], names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Requester -> needed name -> the name it has in the wheel."""
    found: dict[str, dict[str, str]] = {}
    for link in links:
        found.setdefault(link.requester, {})[link.soname] = names[link.target]
    return found


def _graft_edit(
    external: External,
    name: str,
    needed: Mapping[str, str],
    tree: _Tree,
    foreign: Sequence[str],
) -> Edit:
    home = tree.layout.libraries
    places = [home] if needed or tree.has_included else []
    places += [*tree.siblings(external.elf.needed, home, places), *foreign]
    return Edit(
        soname=name,
        needed=needed,
        dropped=_libpythons(external.elf),
        rpath=":".join(_origin(place, home) for place in dict.fromkeys(places)),
    )


def _libpythons(elf: ElfObject) -> frozenset[str]:
    return frozenset(filter(is_libpython, elf.needed))


def _member_edit(
    item: AuditedObject,
    tree: _Tree,
    needed: Mapping[str, str],
    foreign: Sequence[str],
) -> Edit:
    """The edit of a wheel's own object; an empty one if nothing changes."""
    # A program is no guest of an interpreter: it needs its library.
    dropped = frozenset() if item.role is Role.PROGRAM else _libpythons(item.elf)
    entries = item.elf.runpath or item.elf.rpath
    place = tree.places.get(item.path)
    if place is None:
        path = [entry for entry in entries if is_relative_to_origin(entry)]
    else:
        home = dirname(place)
        kept = [_inside(entry, home) for entry in entries]
        after = [directory for directory in kept if directory is not None and tree.leads(directory)]
        after += [*tree.siblings(item.elf.needed, home, after), *foreign]
        if needed or tree.has_included:
            after.append(tree.layout.libraries)
        path = (
            list(entries)
            if after == kept
            else [_origin(directory, home) for directory in dict.fromkeys(after)]
        )
    # Of two paths the loader looks at one; the other may hold anything.
    is_same = path == list(entries) and not (item.elf.rpath and item.elf.runpath)
    rpath = None if is_same else ":".join(path)
    return Edit(needed=needed, dropped=dropped, rpath=rpath, runpath=bool(item.elf.runpath))


def _inside(entry: str, home: str) -> str | None:
    """The directory below site-packages that an RPATH entry names; None for any other."""
    origin, _, rest = entry.partition("/")
    if origin not in {"$ORIGIN", "${ORIGIN}"} or "$" in rest:
        return None
    directory = normpath(join(home, rest.lstrip("/")))
    if directory == ".." or directory.startswith("../"):
        return None
    return "" if directory == "." else directory


def _origin(directory: str, home: str) -> str:
    relative = relpath(directory or ".", home or ".")
    return "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"


class _Tree:
    """Where the objects of a wheel lie once installed."""

    def __init__(
        self, objects: Sequence[AuditedObject], layout: Layout, collection: Collection
    ) -> None:
        self.layout = layout
        self.has_included = bool(collection.included)
        self._has_neighbours = bool(collection.waived or collection.missing)
        places = {item.path: layout.installed(item.path) for item in objects}
        self.places = {member: place for member, place in places.items() if place is not None}
        self._directories = {dirname(place) for place in self.places.values()}
        self._providers: dict[str, set[str]] = {}
        for place in self.places.values():
            self._providers.setdefault(basename(place), set()).add(dirname(place))

    def leads(self, directory: str) -> bool:
        """Whether a needed library may be found there.

        It may in this wheel's directories, and, if it needs what it does not
        hold, in any: several distributions may share a package.
        """
        return self._has_neighbours or directory in self._directories

    def siblings(self, needed: Sequence[str], home: str, known: Sequence[str]) -> Iterator[str]:
        """The directories of this wheel's own libraries among ``needed``.

        None for those that are found in a directory of ``known``.
        """
        for name in needed:
            providers = self._providers.get(name)
            if providers and not providers.intersection(known):
                yield home if home in providers else min(providers)
