"""Find the libraries of the build machine that a wheel needs.

The search starts at each object of the wheel and follows ``DT_NEEDED`` as the
loader does. Libraries of the wheel come first, those that the policy expects on
every system are left where they are, all others are found and followed in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from posixpath import basename
from typing import NamedTuple

from felloe.audit.evidence import AuditedObject
from felloe.audit.linux.constraint import is_libpython, is_loader
from felloe.audit.policy.family import PolicyFamily
from felloe.audit.waiver import WaiverReason
from felloe.binary.elf.reader import ElfObject
from felloe.config.settings import LibrarySettings
from felloe.repair.external import INCLUDE, Collection, External, Link, Missing
from felloe.repair.linux.loader import HostLibrary, Loader, Requester
from felloe.repair.waived import find_waiver, is_path_waived, is_waived
from felloe.wheel.digest import hash_file

_MOST_PLACES = 24
"""Places that a message about a missing library names."""


class _Step(NamedTuple):
    """An object whose needed libraries have to be found."""

    name: str
    """The member's name, or the path of an external; empty for the settings."""
    elf: ElfObject
    chain: tuple[Requester, ...]


def gather(
    objects: Sequence[AuditedObject],
    provided: frozenset[str],
    family: PolicyFamily,
    settings: LibrarySettings,
    loader: Loader,
) -> Collection:
    """Collect the externals of a wheel's ``objects``.

    ``provided`` are the names of the wheel's own objects. Raises
    :class:`felloe.errors.FelloeError` if the search would not end in reasonable time.
    """
    search = _Search(objects, settings, loader)
    for soname in settings.include:
        if soname not in provided:
            search.include(soname)
    while search.queue:
        step = search.queue.popleft()
        for soname in _find_wanted(step.elf, provided, family):
            search.resolve(step, soname)
    return search.collect()


class _Search:
    """The libraries found so far, and the objects still to be looked at."""

    def __init__(
        self, objects: Sequence[AuditedObject], settings: LibrarySettings, loader: Loader
    ) -> None:
        self._settings = settings
        self._loader = loader
        self._externals: dict[str, External] = {}
        self._links: dict[Link, None] = {}
        self._missing: dict[tuple[str, str], Missing] = {}
        self._waived: set[str] = set()
        self._included: dict[str, str] = {}
        roots = [
            _Step(
                item.path,
                item.elf,
                (Requester(item.elf.rpath, item.elf.runpath, None, item.path),),
            )
            for item in objects
        ]
        self.queue = deque(roots)
        paths = {(root.elf.rpath, root.elf.runpath): root for root in reversed(roots)}
        self._others = [root.chain for path, root in reversed(paths.items()) if any(path)]
        self._elsewhere: dict[str, HostLibrary | None] = {}
        self._first = next(iter(roots), None)

    def resolve(self, step: _Step, soname: str) -> None:
        """Find the library that ``step`` needs under a name, if it is to be copied."""
        if is_waived(soname, self._settings):
            self._waived.add(soname)
            return
        found = self._find(step, soname)
        if found is None:
            self._report_missing(step, soname, step.name)
        elif any(is_path_waived(str(path), self._settings) for path in (found.path, found.real)):
            self._waived.add(soname)
        else:
            self._take(step, soname, found)

    def include(self, soname: str) -> None:
        """Take a library that no object needs. Any object may ask for it at run time."""
        if self._first is None:
            return
        step = self._first._replace(name="")
        found = self._find(step, soname)
        if found is None:
            self._report_missing(step, soname, INCLUDE)
        else:
            self._take(step, soname, found)
            self._included.setdefault(str(found.real), basename(soname))

    def _find(self, step: _Step, soname: str) -> HostLibrary | None:
        """Find the library that the loader finds for an object, or for another of the wheel.

        A library that another object has loaded before is there for all.
        """
        found = self._loader.find(soname, step.chain, step.elf)
        if found is not None:
            return found
        if soname not in self._elsewhere:  # all objects are for one machine
            others = (self._loader.find(soname, chain, step.elf) for chain in self._others)
            self._elsewhere[soname] = next((other for other in others if other), None)
        return self._elsewhere[soname]

    def _report_missing(self, step: _Step, soname: str, requester: str) -> None:
        chains = (step.chain, *self._others)
        every = (place for chain in chains for place in self._loader.places(chain, step.elf))
        places = tuple(islice(dict.fromkeys(islice(every, 4 * _MOST_PLACES)), _MOST_PLACES))
        self._missing[step.name, soname] = Missing(requester, soname, places)

    def _take(self, step: _Step, soname: str, found: HostLibrary) -> None:
        """Record an external, and queue it if it is new."""
        path = str(found.real)
        self._links[Link(step.name, soname, path)] = None
        if path not in self._externals:
            name = basename(found.elf.soname or soname)
            self._externals[path] = External(path, name, hash_file(found.real).hex(), found.elf)
            self.queue.append(_Step(path, found.elf, (found.requester, *step.chain)))

    def collect(self) -> Collection:
        """Return the result."""
        return Collection(
            externals=tuple(sorted(self._externals.values(), key=lambda item: item.path)),
            links=tuple(self._links),
            missing=tuple(self._missing.values()),
            waived=frozenset(self._waived),
            included=self._included,
        )


def has_external(
    objects: Sequence[AuditedObject], provided: frozenset[str], family: PolicyFamily
) -> bool:
    """Tell whether a wheel needs libraries that neither it nor the policy's systems have."""
    return any(True for item in objects for _ in _find_wanted(item.elf, provided, family))


def _find_wanted(elf: ElfObject, provided: frozenset[str], family: PolicyFamily) -> Iterator[str]:
    """Yield the needed names that neither the wheel nor the policy's systems have."""
    for soname in dict.fromkeys(elf.needed):
        known = soname in provided or soname in family.libraries
        if not known and not is_loader(soname) and not is_libpython(soname):
            yield soname


def needs_copy(
    elf: ElfObject, provided: frozenset[str], family: PolicyFamily, settings: LibrarySettings
) -> bool:
    """Tell whether an object needs libraries that are copied, or those of a distribution."""
    waivers = (find_waiver(name, settings) for name in _find_wanted(elf, provided, family))
    return any(found is None or found.reason is WaiverReason.PROVIDED_BY for found in waivers)
