"""The import libraries of Python for Windows, made from its headers.

On Windows a module names the library with the C API: ``python313.dll``, or
``python3.dll``, which has the stable ABI of every Python 3. An import library
needs only the names of symbols. The headers declare them. For ``python3.dll``
they are those of the stable ABI (CPython's ``PC/python3dll.c``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from felloe.python.stable_abi import read_stable_abi

MACHINES = {"amd64": "i386:x86-64", "arm64": "arm64", "win32": "i386"}
"""Names for ``dlltool -m``, by the architecture of the platform tag."""

_FUNCTION = re.compile(r"PyAPI_FUNC\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(\w+)\s*\(")
_VARIABLE = re.compile(r"PyAPI_DATA\([^()]*\)\s*\*?\s*(?:const\s+)?(\w+)\s*[;\[]")


@dataclass(frozen=True)
class ImportLibrary:
    """The exported symbols of a library."""

    library: str
    """``python3.dll``."""
    functions: frozenset[str]
    variables: frozenset[str]

    @property
    def stem(self) -> str:
        return self.library.partition(".")[0]

    @property
    def definition_name(self) -> str:
        """Name of the module-definition file."""
        return f"{self.stem}.def"

    @property
    def file_name(self) -> str:
        """File name that linkers find, and in which FindPython reads the version."""
        return f"lib{self.stem}.dll.a"

    def render(self) -> str:
        """Return the module-definition file.

        It may list names that the library lacks, because no module links to them.
        """
        data = (f"{name} DATA" for name in sorted(self.variables))
        return "\n".join((f"LIBRARY {self.library}", "EXPORTS", *sorted(self.functions), *data, ""))


def make_stable_library() -> ImportLibrary:
    """Return the import library of ``python3.dll``."""
    abi = read_stable_abi()
    return ImportLibrary("python3.dll", frozenset(abi.functions), frozenset(abi.variables))


def read_library(include: Path, version: tuple[int, int], flags: str) -> ImportLibrary:
    """Return the import library of one version, with all that its headers declare."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(include.rglob("*.h")))
    functions, variables = find_names(texts)
    name = f"python{version[0]}{version[1]}{flags}.dll"
    return ImportLibrary(name, functions, variables)


def find_names(texts: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the functions and the variables that headers of CPython declare as exported."""
    whole = "\n".join(texts)
    return frozenset(_FUNCTION.findall(whole)), frozenset(_VARIABLE.findall(whole))
