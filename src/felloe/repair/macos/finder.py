"""The file that dyld would load for an install name.

Source: dyld(1). ``@loader_path`` is the directory of the file that needs the
library, ``@rpath`` stands for each ``LC_RPATH`` of that file and of those that
led to it. ``DYLD_LIBRARY_PATH`` comes first, ``DYLD_FALLBACK_LIBRARY_PATH`` last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from felloe.binary.macho.reader import MachoFile, parse_macho
from felloe.errors import MalformedBinary
from felloe.repair.closure import FoundLibrary, NotFound

_LOADER, _RPATH = "@loader_path/", "@rpath/"
_DEFAULT_FALLBACK = ("/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib")
"""dyld's own is /usr/local/lib; Homebrew for arm64 and MacPorts install elsewhere."""


@dataclass(frozen=True)
class Requester:
    """A file that needs libraries, as dyld sees it."""

    directory: Path | None
    """None for a member of the wheel, which is not on the disk."""
    rpaths: tuple[str, ...]
    cpus: frozenset[str]
    """The machines that it is for, and that its libraries must be for as well."""


@dataclass(frozen=True)
class DylibFinder:
    """Find libraries on the build machine. ``search`` are directories to try by file name."""

    search: Sequence[Path]
    environ: Mapping[str, str]

    def find(self, name: str, chain: Sequence[Requester]) -> FoundLibrary[MachoFile] | NotFound:
        """Return the library that ``chain[0]`` needs as ``name``; the others led to it."""
        tried: list[str] = []
        for path in dict.fromkeys(self._candidates(name, chain)):
            tried.append(str(path.parent))
            if not path.is_file():
                continue
            found = _read(path)
            if found is None:
                continue
            lacking = sorted(chain[0].cpus - set(found.facts.cpus))
            if lacking:
                return NotFound((f"{path} has no code for {' and '.join(lacking)}",))
            return found
        return NotFound(tuple(dict.fromkeys(tried)))

    def _candidates(self, name: str, chain: Sequence[Requester]) -> Iterator[Path]:
        leaf = basename(name)
        yield from (place / leaf for place in self._variable("DYLD_LIBRARY_PATH"))
        if name.startswith(_LOADER) and chain[0].directory is not None:
            yield chain[0].directory / name[len(_LOADER) :]
        elif name.startswith(_RPATH):
            yield from (place / name[len(_RPATH) :] for place in _expand_rpaths(chain))
        elif name.startswith("/"):
            yield Path(name)
        yield from (place / leaf for place in self.search)
        fallback = self._variable("DYLD_FALLBACK_LIBRARY_PATH")
        yield from (place / leaf for place in fallback or map(Path, _DEFAULT_FALLBACK))

    def _variable(self, name: str) -> list[Path]:
        text = self.environ.get(name, "")
        return [Path(place) for place in text.split(":") if place.startswith("/")]


def _expand_rpaths(chain: Iterable[Requester]) -> Iterator[Path]:
    for requester in chain:
        for entry in requester.rpaths:
            if entry.startswith("/"):
                yield Path(entry)
            elif (entry + "/").startswith(_LOADER) and requester.directory is not None:
                yield requester.directory / (entry + "/")[len(_LOADER) :]


def _read(path: Path) -> FoundLibrary[MachoFile] | None:
    """Read a library. Return None if the file is not Mach-O: dyld skips such files."""
    try:
        data = path.read_bytes()
        return FoundLibrary(path.resolve(), data, parse_macho(data))
    except (OSError, MalformedBinary):
        return None
