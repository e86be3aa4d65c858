"""Find the libraries that an object needs, as the dynamic loader does.

Sources: ld.so(8) and ``_dl_map_object`` in glibc's elf/dl-load.c, musl's
``load_library`` in ldso/dynlink.c.

Three differences from a loader are intended. Subdirectories for special
processors (``glibc-hwcaps``) are skipped, because a copy may run on others.
Places relative to the working directory are skipped, because they mean another
place elsewhere. A candidate that cannot be loaded, such as a program, is
skipped, where a loader would stop.
"""

from __future__ import annotations

import mmap
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as chain_iterables
from pathlib import Path
from typing import NamedTuple

from felloe.binary.elf.reader import ElfObject, parse_elf
from felloe.errors import FelloeError, MalformedBinary
from felloe.repair.linux.search_path import SearchPath, expand_glibc, expand_musl

_MOST_CANDIDATES = 1 << 18
"""Files to look for in one wheel: some thousand needed names in a hundred directories."""


@dataclass(frozen=True)
class Requester:
    """The properties of an object that decide where its libraries are searched."""

    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    """The unchanged entries of ``DT_RPATH`` and ``DT_RUNPATH``; empty if it has none."""
    origin: Path | None
    """The directory of its file; None in a wheel, for which ``$ORIGIN`` entries are skipped."""
    name: str = ""
    """Its name in messages."""


@dataclass(frozen=True)
class HostLibrary:
    """A library of the build machine."""

    path: Path
    """The path by which it was found."""
    real: Path
    """The path without symbolic links, equal for all names of one file."""
    elf: ElfObject

    @property
    def requester(self) -> Requester:
        """The library as an object that needs others; ``$ORIGIN`` is the directory of its path."""
        return Requester(self.elf.rpath, self.elf.runpath, self.path.parent, str(self.path))


class _Place(NamedTuple):
    """A directory, and the reason why it is searched."""

    directory: Path
    reason: str


class Loader:
    """Finds libraries on one system.

    Each file is read once, each search made once. The number of names and paths that
    are tried has a limit: a small wheel could name millions of combinations.
    """

    def __init__(self, search: SearchPath) -> None:
        self._search = search
        self._known: dict[tuple[int, int], tuple[Path, ElfObject] | None] = {}
        self._found: dict[tuple[object, ...], HostLibrary | None] = {}
        self._budget = _MOST_CANDIDATES

    def find(self, soname: str, chain: Sequence[Requester], like: ElfObject) -> HostLibrary | None:
        """Return the library that the loader would load as ``soname`` beside ``like``.

        ``chain`` begins with the object that needs it, followed by the one
        that loaded that, and so on. The first candidate of the same class,
        byte order and machine as ``like`` is taken. Raises :class:`FelloeError`
        if too many candidates were tried.
        """
        paths = tuple((item.rpath, item.runpath, item.origin) for item in chain)
        key = (soname, paths, like.architecture)
        if key not in self._found:
            self._found[key] = self._search_for(soname, chain, like)
        return self._found[key]

    def _search_for(
        self, soname: str, chain: Sequence[Requester], like: ElfObject
    ) -> HostLibrary | None:
        for candidate in self._candidates(soname, chain, like):
            self._budget -= 1
            if self._budget < 0:
                raise FelloeError(
                    f"the files of the wheel need more than {_MOST_CANDIDATES} combinations of "
                    "library names and search paths",
                    hint="remove search paths that lead nowhere, or exclude the libraries",
                )
            known = self._read(candidate)
            if known is not None and known[1].is_loadable and _runs_beside(known[1], like):
                return HostLibrary(candidate, *known)
        return None

    def places(self, chain: Sequence[Requester], like: ElfObject) -> Iterator[str]:
        """Yield the directories, and the cache, that :meth:`find` tries, with the reasons."""
        cache = [Path("/etc/ld.so.cache")] if self._search.cache else []
        system = (_Place(path, "system") for path in (*cache, *self._search.default))
        seen = set()
        for place in chain_iterables(self._named_places(chain, like), system):
            if place.directory not in seen:
                seen.add(place.directory)
                yield f"{place.directory} ({place.reason})"

    def _candidates(
        self, soname: str, chain: Sequence[Requester], like: ElfObject
    ) -> Iterator[Path]:
        if "/" in soname:
            entries = self._expand(chain[0], (soname,), like) if chain else (soname,)
            yield from (Path(entry) for entry in entries if entry.startswith("/"))
            return
        for directory in dict.fromkeys(p.directory for p in self._named_places(chain, like)):
            yield directory / soname
        yield from self._search.cache.get(soname, ())
        for directory in self._search.default:
            yield directory / soname

    def _named_places(self, chain: Sequence[Requester], like: ElfObject) -> Iterator[_Place]:
        """Yield the places that objects, the user or the environment name, in order."""
        asked = [_Place(path, "libraries.search") for path in self._search.extra]
        asked += [_Place(path, "LD_LIBRARY_PATH") for path in self._search.environment]
        if self._search.libc == "musl":
            yield from asked
            for requester in chain:
                kind = "RUNPATH" if requester.runpath else "RPATH"
                yield from self._own(requester, kind, like)
            return
        # A DT_RUNPATH switches off the DT_RPATH beside it, and in the object
        # that asks also those of its loaders.
        if chain and not chain[0].runpath:
            for requester in chain:
                if not requester.runpath:
                    yield from self._own(requester, "RPATH", like)
        yield from asked
        if chain:
            yield from self._own(chain[0], "RUNPATH", like)

    def _own(self, requester: Requester, kind: str, like: ElfObject) -> Iterator[_Place]:
        entries = requester.runpath if kind == "RUNPATH" else requester.rpath
        reason = f"{kind} of {requester.name}" if requester.name else kind
        for entry in self._expand(requester, entries, like):
            if entry.startswith("/"):
                yield _Place(Path(entry), reason)

    def _expand(
        self, requester: Requester, entries: Iterable[str], like: ElfObject
    ) -> Iterator[str]:
        if self._search.libc == "musl":
            return expand_musl(entries, requester.origin)
        return expand_glibc(entries, requester.origin, self._search.lib, like.architecture)

    def _read(self, path: Path) -> tuple[Path, ElfObject] | None:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return None
            identity = (status.st_dev, status.st_ino)
            if identity not in self._known:
                self._known[identity] = None
                self._known[identity] = (path.resolve(), _read_elf(path))
            return self._known[identity]
        except (OSError, ValueError, MalformedBinary):
            return None


def _read_elf(path: Path) -> ElfObject:
    """Read an object. Raise OSError, ValueError for an empty file, or MalformedBinary."""
    with path.open("rb") as file:
        return parse_elf(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def _runs_beside(elf: ElfObject, like: ElfObject) -> bool:
    # The architecture too: it tells the floating-point ABIs of one machine apart.
    return (elf.bits, elf.byte_order, elf.machine, elf.architecture) == (
        like.bits,
        like.byte_order,
        like.machine,
        like.architecture,
    )
