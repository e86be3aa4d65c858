"""The DLL that Windows would load for a name.

Names are compared without case. The directory of the file that needs the DLL
comes first, then ``libraries.search``. The entry ``%PATH%`` there stands for the
directories on PATH; a module that Python loads does not see those (bpo-36085),
so they are searched only on request.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from felloe.binary.pe.reader import PeImage, parse_pe
from felloe.errors import MalformedBinary
from felloe.repair.closure import FoundLibrary, NotFound
from felloe.repair.search_directories import read_search_directories

PATH_ENTRY = "%PATH%"
_REDISTRIBUTABLE = {"win32": "x86", "win_amd64": "x64", "win_arm64": "arm64"}


@dataclass(frozen=True)
class DllFinder:
    """Find DLLs for one machine, ``win_amd64`` or another, in ``places``."""

    platform: str
    places: Sequence[Path]

    def find(self, name: str, beside: Path | None) -> FoundLibrary[PeImage] | NotFound:
        """Return the DLL with this name. ``beside`` is the directory of the file that needs it."""
        tried = [*([beside] if beside else []), *self.places]
        for place in tried:
            for path in _find_in(place, name):
                found = _read(path)
                if found is not None and found.facts.platform == self.platform:
                    return found
        return NotFound(tuple(map(str, tried)))


def read_search_path(
    search: Sequence[str], environ: Mapping[str, str], platform: str
) -> list[Path]:
    """Return the directories of ``libraries.search`` and of Microsoft's C++ runtime.

    ``%PATH%`` is replaced. ``VCToolsRedistDir`` is set by Visual Studio's command prompt.
    """
    places: list[Path] = []
    for entry in search:
        if entry == PATH_ENTRY:
            path = environ.get("PATH", "")
            places += filter(Path.is_absolute, map(Path, path.split(os.pathsep)))
        else:
            places += read_search_directories([entry], environ)
    redistributable = environ.get("VCToolsRedistDir")
    if redistributable and platform in _REDISTRIBUTABLE:
        home = Path(redistributable) / _REDISTRIBUTABLE[platform]
        places += sorted(home.glob("Microsoft.VC*.*"))
    return list(dict.fromkeys(places))


def _find_in(directory: Path, name: str) -> Iterator[Path]:
    exact = directory / name
    if exact.is_file():
        yield exact
        return
    try:
        entries = sorted(entry.name for entry in os.scandir(directory))
    except OSError:
        return
    yield from (directory / entry for entry in entries if entry.lower() == name.lower())


def _read(path: Path) -> FoundLibrary[PeImage] | None:
    """Read a DLL; None for a file of another kind."""
    try:
        data = path.read_bytes()
        return FoundLibrary(path.resolve(), data, parse_pe(data))
    except (OSError, MalformedBinary):
        return None
