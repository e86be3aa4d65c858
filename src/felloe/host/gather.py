"""Finding, on the build machine, the libraries that a wheel needs.

From each object of the wheel along ``DT_NEEDED``, as the loader would go:
what the wheel holds itself comes first, what the policy expects on every
system is left where it is, the rest is found and followed in turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from felloe.audit import AuditedObject, is_libpython, is_loader
from felloe.binary.elf import ElfObject
from felloe.graft import Collection, External, Link, Missing
from felloe.host.loader import HostLibrary, Loader, Requester
from felloe.policy.family import PolicyFamily
from felloe.settings import LibrarySettings

DRIVERS = (
    "libcuda.so*",
    "libnvidia-*.so*",
    "libnvcuvid.so*",
    "libnvoptix.so*",
    "libEGL_nvidia.so*",
    "libGLX_nvidia.so*",
    "libze_intel_gpu.so*",
    "libigdrcl.so*",
)
"""Parts of a device's driver, which must match its kernel module: never copied by default."""


@dataclass
class _Search:
    """What has been found so far."""

    externals: dict[str, External] = field(default_factory=dict)
    links: dict[Link, None] = field(default_factory=dict)
    missing: dict[tuple[str, str], Missing] = field(default_factory=dict)
    waived: set[str] = field(default_factory=set)
    included: set[str] = field(default_factory=set)


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
    search = _Search()
    queue: list[tuple[str, ElfObject, tuple[Requester, ...]]] = [
        (item.path, item.elf, (Requester(item.elf.rpath, item.elf.runpath, None, item.path),))
        for item in objects
    ]
    queue += _include(objects, settings, loader, search)
    while queue:
        name, elf, chain = queue.pop(0)
        for soname in _wanted(elf, provided, family):
            if is_waived(soname, settings):
                search.waived.add(soname)
                continue
            found = loader.find(soname, chain, elf)
            if found is None:
                places = tuple(loader.places(chain, elf))
                search.missing[name, soname] = Missing(name, soname, places)
            elif is_waived(str(found.path), settings):
                search.waived.add(soname)
            else:
                queue += _follow(name, soname, found, chain, search)
    return Collection(
        externals=tuple(sorted(search.externals.values(), key=lambda item: item.path)),
        links=tuple(search.links),
        missing=tuple(search.missing.values()),
        waived=frozenset(search.waived),
        included=frozenset(search.included),
    )


def _include(
    objects: Sequence[AuditedObject], settings: LibrarySettings, loader: Loader, search: _Search
) -> Iterator[tuple[str, ElfObject, tuple[Requester, ...]]]:
    """The libraries that are to be copied although nothing needs them."""
    for soname in settings.include if objects else ():
        first = objects[0].elf
        chain = (Requester(first.rpath, first.runpath, None),)
        found = loader.find(soname, chain, first)
        if found is None:
            places = tuple(loader.places(chain, first))
            search.missing["", soname] = Missing("`libraries.include`", soname, places)
            continue
        yield from _follow("", soname, found, chain, search)
        search.included.add(str(found.real))


def _wanted(elf: ElfObject, provided: frozenset[str], family: PolicyFamily) -> Iterator[str]:
    for soname in elf.needed:
        known = soname in provided or soname in family.libraries
        if not known and not is_loader(soname) and not is_libpython(soname):
            yield soname


def is_waived(name: str, settings: LibrarySettings) -> bool:
    """Whether a needed name or a path is not to be copied."""
    if name in settings.include:
        return False
    elsewhere = (glob for globs in settings.provided_by.values() for glob in globs)
    globs = (*DRIVERS, *settings.exclude, *elsewhere)
    return any(fnmatchcase(name, glob) for glob in globs)


def _follow(
    name: str, soname: str, found: HostLibrary, chain: tuple[Requester, ...], search: _Search
) -> list[tuple[str, ElfObject, tuple[Requester, ...]]]:
    """Note an external, and what is to be looked at because it is new."""
    path = str(found.real)
    search.links[Link(name, soname, path)] = None
    if path in search.externals:
        return []
    digest = _digest(found.real)
    search.externals[path] = External(path, found.elf.soname or soname, digest, found.elf)
    return [(path, found.elf, (found.requester, *chain))]


def _digest(path: Path) -> str:
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            sha256.update(chunk)
    return sha256.hexdigest()
