"""A Python in a system root, described by its files because it cannot run here."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from felloe.errors import FelloeError
from felloe.python.header import Headers

_PREFIXES = ("usr", "usr/local", ".")


@dataclass(frozen=True)
class InstalledPython:
    """A Python that was found in a system root."""

    source: Path
    """The file that the facts come from."""
    soabi: str
    extension_suffixes: tuple[str, ...]


def find_installed(sysroot: Path, version: tuple[int, int], triplet: str) -> InstalledPython | None:
    """Return the Python of this version in ``sysroot``, or None.

    ``build-details.json`` (PEP 739, since 3.14) is read first, then
    ``_sysconfigdata*.py``. Debian has one such file for each of several
    machines; ``triplet`` chooses. Raise :class:`FelloeError` if a file does not
    contain the names of the modules.
    """
    name = f"python{version[0]}.{version[1]}"
    for place in (sysroot / prefix / "lib" / name for prefix in _PREFIXES):
        for source in _sources(place, triplet):
            suffix = _read_suffix(source)
            soabi = suffix.lstrip(".").rpartition(".")[0]
            stable = (".abi3t.so", ".abi3.so") if version >= (3, 15) else (".abi3.so",)
            suffixes = (suffix, *(s for s in stable if "t-" not in soabi or "3t" in s), ".so")
            return InstalledPython(source, soabi, suffixes)
    return None


def find_headers(sysroot: Path, version: tuple[int, int], triplet: str) -> Headers | None:
    """Return the headers of the Python of this version in ``sysroot``, or None.

    ``triplet`` is empty for Windows, where the headers are in ``include``.
    """
    name = f"python{version[0]}.{version[1]}"
    places = [sysroot / prefix / "include" / name for prefix in _PREFIXES]
    if not triplet:
        places = [sysroot / "include", sysroot / "Include"]
    for place in places:
        if (place / "Python.h").is_file() and (triplet or (place / "pyconfig.h").is_file()):
            config = place.parent / triplet / name / "pyconfig.h"
            return Headers(place, config if triplet and config.is_file() else None)
    return None


def _sources(place: Path, triplet: str) -> Iterator[Path]:
    details = place / "build-details.json"
    if details.is_file():
        yield details
    data = sorted(place.glob("_sysconfigdata*.py"))
    yield from (path for path in data if triplet in path.name) if len(data) > 1 else data


def _read_suffix(source: Path) -> str:
    """Return the suffix of its modules: ``.cpython-314-aarch64-linux-gnu.so``."""
    try:
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".json":
            value = json.loads(text)["abi"]["extension_suffix"]
        else:
            value = _read_variables(text)["EXT_SUFFIX"]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise FelloeError(
            f"{source} does not contain the suffix of that Python's modules: {cause!r}",
            hint="set another `sysroot`, or none to use CPython's standard names",
        ) from cause
    return str(value)


def _read_variables(text: str) -> Mapping[str, Any]:
    """Return ``build_time_vars`` of a ``_sysconfigdata`` module, which is a literal."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "build_time_vars":
            value = ast.literal_eval(node.value)
            return value if isinstance(value, dict) else {}
    return {}
