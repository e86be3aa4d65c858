"""Where the dynamic loader would find what an object needs.

Sources: ld.so(8) and ``_dl_map_object`` in glibc's elf/dl-load.c, musl's
``load_library`` in ldso/dynlink.c.

Three differences from a loader are meant. Subdirectories for special
processors (``glibc-hwcaps``) are not looked into: what is found may be copied
into a wheel that runs on others. Places relative to the working directory are
left out: they mean something else elsewhere. A candidate that cannot be
loaded is passed over, where a loader would stop.
"""

from __future__ import annotations

import mmap
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from felloe.binary.elf.reader import ElfObject, parse_elf
from felloe.errors import MalformedBinary
from felloe.repair.linux.ldconfig import parse_cache, read_conf, read_musl_path


class _Spelling(NamedTuple):
    """One architecture in the names of directories and files."""

    multiarch: str
    """Debian's triplet."""
    musl: str
    """musl's ``LDSO_ARCH``."""
    word: str = "lib64"
    """Where distributions without triplets keep its libraries."""


_SPELLINGS = {
    "aarch64": _Spelling("aarch64-linux-gnu", "aarch64"),
    "armv7l": _Spelling("arm-linux-gnueabihf", "armhf", "lib"),
    "i686": _Spelling("i386-linux-gnu", "i386", "lib"),
    "loongarch64": _Spelling("loongarch64-linux-gnu", "loongarch64"),
    "ppc64": _Spelling("powerpc64-linux-gnu", "powerpc64"),
    "ppc64le": _Spelling("powerpc64le-linux-gnu", "powerpc64le"),
    "riscv64": _Spelling("riscv64-linux-gnu", "riscv64"),
    "s390x": _Spelling("s390x-linux-gnu", "s390x"),
    "x86_64": _Spelling("x86_64-linux-gnu", "x86_64"),
}
"""By architecture, as platform tags spell it."""


@dataclass(frozen=True)
class SearchPath:
    """Where a system's loader looks, whichever object asks."""

    environment: tuple[Path, ...] = ()
    """``LD_LIBRARY_PATH``."""
    extra: tuple[Path, ...] = ()
    """The user's own directories, tried just before the environment's."""
    cache: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Name -> files, the first preferred: ``/etc/ld.so.cache``."""
    default: tuple[Path, ...] = ()
    libc: str = "glibc"
    """``glibc`` or ``musl``, whose rules differ."""
    lib: tuple[str, ...] = ("lib",)
    """What ``$LIB`` may stand for: ``lib/x86_64-linux-gnu``."""


@dataclass(frozen=True)
class Requester:
    """An object that needs libraries, as far as the search depends on it."""

    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    """The entries of ``DT_RPATH`` and ``DT_RUNPATH`` as they are; empty where it has none."""
    origin: Path | None
    """The directory of its file; None in a wheel, where entries with ``$ORIGIN`` are skipped."""
    name: str = ""
    """What to call it in a message."""


@dataclass(frozen=True)
class HostLibrary:
    """A library of the build machine."""

    path: Path
    """As found."""
    real: Path
    """Without symbolic links; the same for all names of one file."""
    elf: ElfObject

    @property
    def requester(self) -> Requester:
        """It, looking for its own needs: ``$ORIGIN`` is where it was found."""
        return Requester(self.elf.rpath, self.elf.runpath, self.path.parent, str(self.path))


class _Place(NamedTuple):
    """A directory, and why it is looked into."""

    directory: Path
    reason: str


class Loader:
    """Finds libraries on one system. A file is read once, whatever its names."""

    def __init__(self, search: SearchPath) -> None:
        self._search = search
        self._known: dict[tuple[int, int], tuple[Path, ElfObject] | None] = {}

    def find(self, soname: str, chain: Sequence[Requester], like: ElfObject) -> HostLibrary | None:
        """What the loader would load as ``soname`` beside ``like``; None if nothing.

        ``chain`` begins with the object that needs it, followed by the one
        that loaded that, and so on. The first candidate of the same class,
        byte order and machine as ``like`` is taken.
        """
        for candidate in self._candidates(soname, chain, like):
            known = self._read(candidate)
            if known is not None and _runs_beside(known[1], like):
                return HostLibrary(candidate, *known)
        return None

    def places(self, chain: Sequence[Requester], like: ElfObject) -> tuple[str, ...]:
        """The directories, and the cache, that :meth:`find` tries, in order, with the reasons."""
        cache = [Path("/etc/ld.so.cache")] if self._search.cache else []
        places = [*self._named_places(chain, like)]
        places += [_Place(path, "system") for path in (*cache, *self._search.default)]
        first = {place.directory: place.reason for place in reversed(places)}
        ordered = dict.fromkeys(place.directory for place in places)
        return tuple(f"{directory} ({first[directory]})" for directory in ordered)

    def _candidates(
        self, soname: str, chain: Sequence[Requester], like: ElfObject
    ) -> Iterator[Path]:
        if "/" in soname:
            entries = self._expand(chain[0], (soname,), like) if chain else (soname,)
            yield from (Path(entry) for entry in entries if entry.startswith("/"))
            return
        for place in self._named_places(chain, like):
            yield place.directory / soname
        yield from self._search.cache.get(soname, ())
        for directory in self._search.default:
            yield directory / soname

    def _named_places(self, chain: Sequence[Requester], like: ElfObject) -> Iterator[_Place]:
        """The places that objects, the user or the environment name, in order."""
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
            return _expand_musl(entries, requester.origin)
        return _expand_glibc(entries, requester.origin, self._search.lib, like.architecture)

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
    """Raises :class:`OSError`, :class:`ValueError` (empty), :class:`MalformedBinary`."""
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


_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")
_MUSL_TOKEN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})")


def _expand_glibc(
    entries: Iterable[str], origin: Path | None, lib: Iterable[str], platform: str | None
) -> Iterator[str]:
    """Entries with their dynamic string tokens replaced; those of unknown value are dropped.

    ``$LIB`` may stand for several directories, and gives an entry for each.
    """
    for entry in entries:
        used = {word or braced for word, braced in _TOKEN.findall(entry)}
        if ("ORIGIN" in used and origin is None) or ("PLATFORM" in used and platform is None):
            continue
        for choice in lib if "LIB" in used else ("",):
            values = {"ORIGIN": str(origin), "PLATFORM": str(platform), "LIB": choice}
            yield _fill_in(entry, values)


def _fill_in(entry: str, values: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda match: values[match[1] or match[2]], entry)


def _expand_musl(entries: Iterable[str], origin: Path | None) -> Iterator[str]:
    """The same for musl, which knows ``$ORIGIN`` alone and gives up at any other token."""
    entries = tuple(entries)
    if "$" in "".join(_MUSL_TOKEN.sub("", entry) for entry in entries):
        return
    for entry in entries:
        if origin is not None or not _MUSL_TOKEN.search(entry):
            yield _MUSL_TOKEN.sub(lambda _: str(origin), entry)


def read_search_path(
    environ: Mapping[str, str],
    extra: Iterable[Path],
    libc: str,
    architecture: str,
    root: Path = Path("/"),
) -> SearchPath:
    """How the system under ``root`` searches for libraries of an architecture.

    ``libc`` is ``glibc`` or ``musl``, ``architecture`` as platform tags spell
    it. What the system does not say or says in a broken way is left out.
    """
    spelling = _SPELLINGS.get(architecture, _Spelling("", architecture))
    given = environ.get("LD_LIBRARY_PATH", "")
    if libc == "musl":
        environment = re.split(r"[:\n]", given)
        default = _below(root, read_musl_path(root, spelling.musl))
        return SearchPath(_absolute(environment), tuple(extra), {}, default, libc)
    lib = _lib(root, spelling)
    environment = [*_expand_glibc(re.split("[:;]", given), None, lib, architecture)]
    names = [f"{top}/{name}" for name in dict.fromkeys((*lib, "lib")) for top in ("", "/usr")]
    try:
        cache = parse_cache((root / "etc/ld.so.cache").read_bytes())
    except (OSError, MalformedBinary):
        names = [*read_conf(root), *names]
        cache = {}
    return SearchPath(
        environment=_absolute(environment),
        extra=tuple(extra),
        cache={name: _below(root, paths) for name, paths in cache.items()},
        default=tuple(path for path in _below(root, names) if path.is_dir()),
        libc=libc,
        lib=lib,
    )


def _absolute(entries: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(entry) for entry in entries if entry.startswith("/"))


def _below(root: Path, paths: Iterable[str]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(root / path.lstrip("/") for path in paths))


def _lib(root: Path, spelling: _Spelling) -> tuple[str, ...]:
    """Where the system keeps its C library, which is what its loader takes for ``$LIB``."""
    names: tuple[str, ...] = ("lib",)
    if spelling.multiarch:
        names = tuple(dict.fromkeys((f"lib/{spelling.multiarch}", spelling.word, "lib")))
    return tuple(name for name in names if (root / name / "libc.so.6").exists()) or names
