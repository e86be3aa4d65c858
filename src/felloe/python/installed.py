"""A Python in a system root: read from its files, for it cannot run here."""

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
    """What is known of it."""

    source: Path
    """The file that says so."""
    soabi: str
    extension_suffixes: tuple[str, ...]


def find_installed(sysroot: Path, version: tuple[int, int], triplet: str) -> InstalledPython | None:
    """The Python of this version in ``sysroot``; None if it holds none.

    Two files are asked, in this order: ``build-details.json`` (PEP 739, from
    3.14 on) and ``_sysconfigdata*.py``, of which Debian keeps one for each of
    several machines: then the one of ``triplet``. Raises :class:`FelloeError`
    for one that does not say what its modules are called.
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
    """The headers of the Python of this version in ``sysroot``; None if it holds none.

    ``triplet`` is empty for Windows, where they lie in ``include``.
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
    """What the names of its modules end with: ``.cpython-314-aarch64-linux-gnu.so``."""
    try:
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".json":
            value = json.loads(text)["abi"]["extension_suffix"]
        else:
            value = _read_variables(text)["EXT_SUFFIX"]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise FelloeError(
            f"{source} does not say what the modules of that Python are called: {cause!r}",
            hint="name another `sysroot`, or none: the rule of CPython's own names then holds",
        ) from cause
    return str(value)


def _read_variables(text: str) -> Mapping[str, Any]:
    """``build_time_vars`` of a ``_sysconfigdata`` module, which is a literal."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "build_time_vars":
            value = ast.literal_eval(node.value)
            return value if isinstance(value, dict) else {}
    return {}
