"""What CMake keeps of a configuration in ``CMakeCache.txt``.

https://cmake.org/cmake/help/latest/manual/cmake.1.html#options: lines of
``KEY:TYPE=VALUE``, each below its ``//`` help.
"""

from __future__ import annotations

import re
from pathlib import Path

_ENTRY = re.compile(r"(?!#)(?P<key>[^\s/:=][^:=]*|\"[^\"]*\"):(?P<type>\w+)=")
_VALUES = frozenset(("BOOL", "STRING", "UNINITIALIZED"))
_PLACES = frozenset(("PATH", "FILEPATH"))


def forget_answers(text: str) -> str:
    """The cache without what CMake files, or a search, say again in milliseconds.

    A default that was kept would outlive its change: ``set(N ${n} CACHE …)``
    where ``n`` was read from a file. What stays are the outcomes of tests, and
    what CMake knows of its compilers.
    """
    kept: list[str] = []
    helps: list[str] = []
    gone: set[str] = set()
    for line in text.split("\n"):
        if line.startswith("//"):
            helps.append(line)
            continue
        entry = _ENTRY.match(line)
        if entry and _is_answer(entry["key"], entry["type"]):
            gone.add(entry["key"])
        elif not (entry and entry["key"].rpartition("-")[0] in gone):  # KEY-ADVANCED and so on
            kept += [*helps, line]
        helps = []
    return "\n".join(kept)


def _is_answer(key: str, kind: str) -> bool:
    if kind in _VALUES:
        return "COMPILER" not in key
    return kind in _PLACES and not key.startswith("CMAKE_")


def refresh_answers(build_dir: Path) -> None:
    """Have CMake answer anew what it can at once."""
    file = build_dir / "CMakeCache.txt"
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return
    part = file.with_name(f".{file.name}")
    part.write_text(forget_answers(text), encoding="utf-8", errors="surrogateescape")
    part.replace(file)
