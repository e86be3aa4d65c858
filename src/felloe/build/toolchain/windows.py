"""The import libraries of a Python for Windows, made of its headers.

A module there names the library that it takes the C API from: ``python313.dll``,
or ``python3.dll``, which has the stable ABI of every Python 3. An import
library needs nothing but the names: those the headers declare, and for
``python3.dll`` CPython's own list (``PC/python3dll.c``), which is that of the stable ABI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from felloe.python.stable_abi import read_stable_abi

MACHINES = {"amd64": "i386:x86-64", "arm64": "arm64", "win32": "i386"}
"""Platform tag's machine -> what ``dlltool -m`` calls it."""

_FUNCTION = re.compile(r"PyAPI_FUNC\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(\w+)\s*\(")
_VARIABLE = re.compile(r"PyAPI_DATA\([^()]*\)\s*\*?\s*(?:const\s+)?(\w+)\s*[;\[]")


@dataclass(frozen=True)
class ImportLibrary:
    """What a library exports, for those who link against it."""

    library: str
    """``python3.dll``."""
    functions: frozenset[str]
    variables: frozenset[str]

    @property
    def stem(self) -> str:
        return self.library.partition(".")[0]

    @property
    def definition_name(self) -> str:
        """The module-definition file's."""
        return f"{self.stem}.def"

    @property
    def file_name(self) -> str:
        """By which linkers and FindPython, which reads the version in it, know it."""
        return f"lib{self.stem}.dll.a"

    def render(self) -> str:
        """The module-definition file. Names that the library has not are never asked for."""
        data = (f"{name} DATA" for name in sorted(self.variables))
        return "\n".join((f"LIBRARY {self.library}", "EXPORTS", *sorted(self.functions), *data, ""))


def make_stable_library() -> ImportLibrary:
    """``python3.dll``."""
    abi = read_stable_abi()
    return ImportLibrary("python3.dll", frozenset(abi.functions), frozenset(abi.variables))


def read_library(include: Path, version: tuple[int, int], flags: str) -> ImportLibrary:
    """The library of one version, from all that its headers declare."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(include.rglob("*.h")))
    functions, variables = find_names(texts)
    name = f"python{version[0]}{version[1]}{flags}.dll"
    return ImportLibrary(name, functions, variables)


def find_names(texts: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(functions, variables) that headers of CPython declare as exported."""
    whole = "\n".join(texts)
    return frozenset(_FUNCTION.findall(whole)), frozenset(_VARIABLE.findall(whole))
