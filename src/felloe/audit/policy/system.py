"""Libraries that belong to macOS and Windows, and the machines that macOS tags name.

The data lies beside this file: ``macos.json``, and ``windows.json``, which
``tools/update_windows.py`` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent


@dataclass(frozen=True)
class MacosSystem:
    """Libraries of every Mac, and the machines that a tag stands for."""

    prefixes: tuple[str, ...]
    """Beginnings of the paths of its libraries."""
    architectures: Mapping[str, tuple[str, ...]]
    """``universal2`` -> ``arm64``, ``x86_64``, sorted (PEP 425, ``packaging.tags``)."""

    def has(self, name: str) -> bool:
        """Return True if the library with this install name belongs to macOS."""
        return name.startswith(self.prefixes)

    def expand(self, architecture: str) -> tuple[str, ...]:
        """Return the machines that the last part of a platform tag promises."""
        return self.architectures.get(architecture, (architecture,))


@dataclass(frozen=True)
class WindowsSystem:
    """DLLs that a wheel for one machine may expect, by lower-case names and patterns."""

    names: frozenset[str]
    patterns: tuple[str, ...]
    beside_python: frozenset[str]
    """DLLs beside ``python.exe``, which modules find but programs elsewhere do not."""
    redistributable: tuple[str, ...]
    """DLLs of Microsoft's C++ runtime, which is not part of Windows."""

    def has(self, name: str, *, is_program: bool = False) -> bool:
        """Return True if a module, or a program, finds the DLL."""
        low = name.lower()
        if low in self.beside_python:
            return not is_program
        return low in self.names or _matches(low, self.patterns)

    def is_redistributable(self, name: str) -> bool:
        """Return True for a DLL that the Visual C++ Redistributable installs."""
        return _matches(name.lower(), self.redistributable)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def read_macos_system() -> MacosSystem:
    """Read the list of macOS."""
    data = _read("macos")
    return MacosSystem(
        prefixes=tuple(prefix for group in data["groups"] for prefix in group["prefixes"]),
        architectures={name: tuple(cpus) for name, cpus in data["architectures"].items()},
    )


def read_windows_system(platform: str) -> WindowsSystem:
    """Read the list for one platform tag, such as ``win_amd64``."""
    groups = _read("windows")["groups"]
    own = [group for group in groups if platform in group.get("platforms", [platform])]
    python = _patterns(group for group in own if group.get("beside_python"))
    redistributable = _patterns(group for group in own if group.get("redistributable"))
    system = _patterns(own) - python - redistributable
    return WindowsSystem(
        names=frozenset(name for name in system if "*" not in name),
        patterns=tuple(sorted(name for name in system if "*" in name)),
        beside_python=frozenset(python),
        redistributable=tuple(sorted(redistributable)),
    )


def _patterns(groups: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for group in groups for name in group["patterns"]}


def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return data
