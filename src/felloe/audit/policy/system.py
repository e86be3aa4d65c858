"""What macOS and Windows themselves bring along, and what their platform tags promise.

The data lies beside this file: ``macos.json``, and ``windows.json``, which
``tools/update_windows.py`` writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent


@dataclass(frozen=True)
class MacosSystem:
    """What every Mac has, and the machines that a tag of several stands for."""

    prefixes: tuple[str, ...]
    """Where its libraries are: what the path of one begins with."""
    architectures: Mapping[str, tuple[str, ...]]
    """``universal2`` -> ``arm64``, ``x86_64``, sorted (PEP 425, ``packaging.tags``)."""

    def has(self, name: str) -> bool:
        """Whether the library with this install name is the system's."""
        return name.startswith(self.prefixes)

    def expand(self, architecture: str) -> tuple[str, ...]:
        """The machines that the last part of a platform tag promises."""
        return self.architectures.get(architecture, (architecture,))


@dataclass(frozen=True)
class WindowsSystem:
    """The DLLs that a wheel may expect, by lower-case names and patterns."""

    names: frozenset[str]
    patterns: tuple[str, ...]
    beside_python: frozenset[str]
    """Those that lie beside ``python.exe``: for what it loads, not for other programs."""

    def has(self, name: str, *, is_program: bool = False) -> bool:
        """Whether a DLL is there for a module, or for a program."""
        low = name.lower()
        if low in self.beside_python:
            return not is_program
        return low in self.names or any(fnmatchcase(low, glob) for glob in self.patterns)


def read_macos_system() -> MacosSystem:
    """What is known of macOS."""
    data = _read("macos")
    return MacosSystem(
        prefixes=tuple(prefix for group in data["groups"] for prefix in group["prefixes"]),
        architectures={name: tuple(cpus) for name, cpus in data["architectures"].items()},
    )


def read_windows_system() -> WindowsSystem:
    """What is known of Windows."""
    groups = _read("windows")["groups"]
    everywhere = {name for group in groups for name in group["patterns"]}
    python = {n for group in groups if group.get("beside_python") for n in group["patterns"]}
    return WindowsSystem(
        names=frozenset(name for name in everywhere - python if "*" not in name),
        patterns=tuple(sorted(name for name in everywhere if "*" in name)),
        beside_python=frozenset(python),
    )


def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return data
