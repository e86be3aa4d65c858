"""What to copy into a wheel, under which names, and how to edit what needs it.

A grafted library is renamed after its own content and that of every library it
needs in turn (a Merkle name), so two wheels share a loaded library only if all
that is behind it is the same. auditwheel names by the library's own bytes
alone, and then the second wheel gets the first one's dependencies.

Pure: facts in, a plan out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath, relpath

from felloe.audit import AuditedObject, is_libpython
from felloe.binary.elf import ElfObject
from felloe.patch.edit import Edit
from felloe.tags import WheelName

_HASH_DIGITS = 8


@dataclass(frozen=True)
class External:
    """A library of the build machine that a wheel needs."""

    path: str
    """The file itself, symbolic links resolved; also its identity in a plan."""
    soname: str
    digest: str
    """SHA-256 of the file, hexadecimal."""
    elf: ElfObject


@dataclass(frozen=True)
class Link:
    """``requester`` (a member's name, or an external's path) needs ``target`` as ``soname``."""

    requester: str
    soname: str
    target: str


@dataclass(frozen=True)
class Missing:
    """A needed library that was found nowhere, and where it was looked for."""

    requester: str
    soname: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Collection:
    """The externals that a wheel needs, directly or through one another."""

    externals: tuple[External, ...] = ()
    links: tuple[Link, ...] = ()
    missing: tuple[Missing, ...] = ()
    waived: frozenset[str] = frozenset()
    """Needed names that are not copied because somebody said so."""
    included: frozenset[str] = frozenset()
    """Paths of externals that are loaded by name at run time, and so keep theirs."""


@dataclass(frozen=True)
class Graft:
    """An external, its name in the wheel, and what changes in it."""

    external: External
    member: str
    edit: Edit


@dataclass(frozen=True)
class GraftPlan:
    """Everything that grafting will do to a wheel."""

    grafts: tuple[Graft, ...]
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

    @property
    def scripts(self) -> str:
        """The directory of members that become programs on PATH."""
        return f"{self.name.data}/scripts/"

    def installed(self, member: str) -> str | None:
        """The path of a member below site-packages; None for one that goes elsewhere."""
        for scheme in ("platlib", "purelib"):
            prefix = f"{self.name.data}/{scheme}/"
            if member.startswith(prefix):
                return member[len(prefix) :]
        return None if member.startswith(f"{self.name.data}/") else member


def plan_graft(
    objects: Sequence[AuditedObject],
    collection: Collection,
    layout: Layout,
    foreign_paths: Mapping[str, Sequence[str]],
) -> GraftPlan:
    """Decide names and edits.

    ``foreign_paths`` are directories below site-packages, of other
    distributions, in which a member finds what they provide.
    """
    names = name_grafts(collection)
    wanted = _renames(collection.links, names)
    grafts = tuple(
        Graft(
            external,
            join(layout.libraries, names[external.path]),
            _graft_edit(external, names, wanted),
        )
        for external in collection.externals
    )
    tree = _Tree(objects, layout, has_included=bool(collection.included))
    edits = {}
    for item in objects:
        needed = wanted.get(item.path, {})
        edit = _member_edit(item, tree, needed, foreign_paths.get(item.path, ()))
        if edit.expect(item.elf) != item.elf:
            edits[item.path] = edit
    return GraftPlan(grafts, edits)


def name_grafts(collection: Collection) -> dict[str, str]:
    """External's path -> its file name in the wheel.

    The hash covers the file and, with the names they are needed under, the
    files of all that it leads to; so cycles are no special case.
    """
    contents = {external.path: external.digest for external in collection.externals}
    needs: dict[str, list[Link]] = {path: [] for path in contents}
    for link in collection.links:
        if link.requester in needs:
            needs[link.requester].append(link)
    return {
        external.path: external.soname
        if external.path in collection.included
        else _with_hash(external.soname, _merkle(external.path, contents, needs))
        for external in collection.externals
    }


def _merkle(path: str, contents: Mapping[str, str], needs: Mapping[str, list[Link]]) -> str:
    seen: dict[str, None] = {}
    reached: set[tuple[str, str]] = set()
    queue = [path]
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen[current] = None
        for link in needs[current]:
            reached.add((link.soname, contents[link.target]))
            queue.append(link.target)
    lines = [contents[path], *(f"{soname} {digest}" for soname, digest in sorted(reached))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_HASH_DIGITS]


def _with_hash(soname: str, digest: str) -> str:
    """``libpng16.so.16`` -> ``libpng16-1a2b3c4d.so.16``."""
    stem, dot, rest = soname.partition(".so")
    return f"{stem}-{digest}{dot}{rest}"


def _renames(links: Iterable[Link], names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Requester -> needed name -> the name it has in the wheel."""
    found: dict[str, dict[str, str]] = {}
    for link in links:
        found.setdefault(link.requester, {})[link.soname] = names[link.target]
    return found


def _graft_edit(
    external: External, names: Mapping[str, str], wanted: Mapping[str, Mapping[str, str]]
) -> Edit:
    needed = wanted.get(external.path, {})
    return Edit(
        soname=names[external.path],
        needed=needed,
        dropped=_libpythons(external.elf),
        rpath="$ORIGIN" if needed else "",
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
    dropped = _libpythons(item.elf)
    place = tree.places.get(item.path)
    if place is None or not item.elf.is_dynamic:
        return Edit(dropped=dropped)
    home = dirname(place)
    before = [_inside(entry, home) for entry in item.elf.runpath or item.elf.rpath]
    after = [directory for directory in before if directory is not None and tree.leads(directory)]
    after += [*tree.siblings(item, home), *foreign]
    if needed or (tree.has_included and item.module):
        after.append(tree.layout.libraries)
    after = list(dict.fromkeys(after))
    rpath = None if after == before else ":".join(_origin(entry, home) for entry in after)
    return Edit(needed=needed, dropped=dropped, rpath=rpath, runpath=bool(item.elf.runpath))


def _inside(entry: str, home: str) -> str | None:
    """The directory below site-packages that an RPATH entry names; None for any other."""
    for prefix in ("$ORIGIN", "${ORIGIN}"):
        if entry == prefix or entry.startswith(f"{prefix}/"):
            directory = normpath(join(home, f".{entry[len(prefix) :]}"))
            return None if directory.startswith("..") else directory.strip(".")
    return None


def _origin(directory: str, home: str) -> str:
    relative = relpath(directory or ".", home or ".")
    return "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"


class _Tree:
    """Where the objects of a wheel lie once installed."""

    def __init__(
        self, objects: Sequence[AuditedObject], layout: Layout, *, has_included: bool
    ) -> None:
        self.layout = layout
        self.has_included = has_included
        places = {item.path: layout.installed(item.path) for item in objects}
        self.places = {member: place for member, place in places.items() if place is not None}
        self._directories = {dirname(place) for place in self.places.values()}
        self._tops = {place.partition("/")[0] for place in self.places.values()}
        self._providers: dict[str, set[str]] = {}
        for place in self.places.values():
            self._providers.setdefault(basename(place), set()).add(dirname(place))

    def leads(self, directory: str) -> bool:
        """Whether libraries may be found there: in this wheel, or beside it."""
        return directory in self._directories or directory.partition("/")[0] not in {
            "",
            *self._tops,
        }

    def siblings(self, item: AuditedObject, home: str) -> Iterator[str]:
        """The directories of libraries of this wheel that ``item`` needs."""
        for needed in item.elf.needed:
            providers = self._providers.get(needed, set())
            if home in providers:
                yield home
            elif len(providers) == 1:
                yield from providers
