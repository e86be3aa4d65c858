"""Finding, on the build machine, the libraries that a wheel needs.

From each object of the wheel along ``DT_NEEDED``, as the loader would go:
what the wheel holds itself comes first, what the policy expects on every
system is left where it is, the rest is found and followed in turn.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain as concatenate
from pathlib import Path
from posixpath import basename
from typing import NamedTuple

from felloe.audit.evidence import AuditedObject
from felloe.audit.linux.constraint import is_libpython, is_loader
from felloe.audit.policy.family import PolicyFamily
from felloe.audit.provider import DRIVERS
from felloe.binary.elf.reader import ElfObject
from felloe.config.settings import LibrarySettings
from felloe.repair.external import Collection, External, Link, Missing
from felloe.repair.linux.loader import HostLibrary, Loader, Requester


class _Step(NamedTuple):
    """An object whose needs are to be looked at."""

    name: str
    """The member's, or the path of an external; empty for the settings."""
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

    ``provided`` are the names that the wheel's own objects answer to.
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
    """What has been found so far, and what is still to be looked at."""

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
        self._first = next(iter(roots), None)

    def resolve(self, step: _Step, soname: str) -> None:
        """Find what ``step`` needs under a name, if it is to be copied."""
        if is_waived(soname, self._settings):
            self._waived.add(soname)
            return
        found = self._find(step, soname)
        if found is None:
            self._miss(step, soname, step.name)
        elif any(is_waived(str(path), self._settings) for path in (found.path, found.real)):
            self._waived.add(soname)
        else:
            self._take(step, soname, found)

    def include(self, soname: str) -> None:
        """Take a library that nothing needs; who will ask for it is not known."""
        if self._first is None:
            return
        step = self._first._replace(name="")
        found = self._find(step, soname)
        if found is None:
            self._miss(step, soname, "`libraries.include`")
        else:
            self._take(step, soname, found)
            self._included.setdefault(str(found.real), basename(soname))

    def _find(self, step: _Step, soname: str) -> HostLibrary | None:
        """What the loader finds for an object, or for another one of the wheel.

        What another one has loaded before is there for all.
        """
        for chain in (step.chain, *self._others):
            found = self._loader.find(soname, chain, step.elf)
            if found is not None:
                return found
        return None

    def _miss(self, step: _Step, soname: str, requester: str) -> None:
        places = (self._loader.places(chain, step.elf) for chain in (step.chain, *self._others))
        tried = tuple(dict.fromkeys(concatenate.from_iterable(places)))
        self._missing[step.name, soname] = Missing(requester, soname, tried)

    def _take(self, step: _Step, soname: str, found: HostLibrary) -> None:
        """Note an external, and look at it in turn if it is new."""
        path = str(found.real)
        self._links[Link(step.name, soname, path)] = None
        if path not in self._externals:
            name = basename(found.elf.soname or soname)
            self._externals[path] = External(path, name, _digest(found.real), found.elf)
            self.queue.append(_Step(path, found.elf, (found.requester, *step.chain)))

    def collect(self) -> Collection:
        """All of it."""
        return Collection(
            externals=tuple(sorted(self._externals.values(), key=lambda item: item.path)),
            links=tuple(self._links),
            missing=tuple(self._missing.values()),
            waived=frozenset(self._waived),
            included=self._included,
        )


def _find_wanted(elf: ElfObject, provided: frozenset[str], family: PolicyFamily) -> Iterator[str]:
    """The needed names that neither the wheel nor the policy's systems answer to."""
    for soname in elf.needed:
        known = soname in provided or soname in family.libraries
        if not known and not is_loader(soname) and not is_libpython(soname):
            yield soname


def needs_path(
    elf: ElfObject, provided: frozenset[str], family: PolicyFamily, settings: LibrarySettings
) -> bool:
    """Whether an object needs libraries that only a relative path leads to.

    Those are the wheel's own, copied ones, and other distributions'.
    """
    elsewhere = [glob for globs in settings.provided_by.values() for glob in globs]
    return any(soname in provided for soname in elf.needed) or any(
        not is_waived(soname, settings) or _matches(soname, elsewhere)
        for soname in _find_wanted(elf, provided, family)
    )


def is_waived(name: str, settings: LibrarySettings) -> bool:
    """Whether a needed name or a path is not to be copied."""
    if name in settings.include:
        return False
    elsewhere = (glob for globs in settings.provided_by.values() for glob in globs)
    return _matches(name, (*DRIVERS, *settings.exclude, *elsewhere))


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _digest(path: Path) -> str:
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            sha256.update(chunk)
    return sha256.hexdigest()
