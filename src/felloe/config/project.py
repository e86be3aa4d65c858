"""The project that a hook builds: its directory and its ``pyproject.toml``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from felloe.config.skbuild import SkbuildSettings
from felloe.errors import FelloeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DEEPEST = 100
"""Levels of nested tables and arrays. Functions that walk through them are recursive."""


@dataclass(frozen=True)
class Project:
    """A source tree with a readable ``pyproject.toml``."""

    root: Path
    table: Mapping[str, Any]

    def check_metadata(self) -> None:
        """Raise :class:`FelloeError` if there is no ``[project]`` table.

        The engine checks the contents of the table.
        """
        if not isinstance(self.table.get("project"), Mapping):
            raise FelloeError(
                f"{self.root / 'pyproject.toml'} has no [project] table",
                hint="add one that has at least a name and a version",
            )

    @property
    def felloe(self) -> object:
        """The value of ``tool.felloe``, which may have any type."""
        return self._tool("felloe")

    def skbuild(
        self,
        config: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> SkbuildSettings:
        """Return scikit-build-core's settings, merged with these sources."""
        return SkbuildSettings(self._tool("scikit-build"), config or {}, environ or {})

    def engine(self, *keys: str) -> object:
        """Return the value of nested keys of ``tool.scikit-build``, or None."""
        value = self._tool("scikit-build")
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _tool(self, name: str) -> object:
        tool = self.table.get("tool", {})
        return tool.get(name, {}) if isinstance(tool, Mapping) else {}


def read_project(root: Path) -> Project:
    """Read ``pyproject.toml``. Raise :class:`FelloeError` if that fails."""
    path = root / "pyproject.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as cause:
        is_missing = isinstance(cause, FileNotFoundError)
        hint = "name the directory of a project, or make one: `felloe new`" if is_missing else ""
        raise FelloeError(f"{path} cannot be read: {cause.strerror}", hint=hint) from cause
    except UnicodeDecodeError as cause:
        raise FelloeError(f"{path} is not UTF-8: byte {cause.start} ({cause.reason})") from cause
    return parse_project(root, text)


def parse_project(root: Path, text: str) -> Project:
    """Parse the text of ``pyproject.toml``. Raise :class:`FelloeError` if it is not valid."""
    path = root / "pyproject.toml"
    try:
        table = tomllib.loads(text)
        is_deep = _is_deeper(table, _DEEPEST)
    except RecursionError:
        is_deep = True
    except ValueError as cause:  # TOMLDecodeError, or a number of 5000 digits
        raise FelloeError(f"{path} is not TOML: {cause}") from cause
    if is_deep:
        raise FelloeError(f"{path} is nested too deeply")
    return Project(root, table)


def _is_deeper(table: Mapping[str, Any], levels: int) -> bool:
    """Return whether a table is nested more than ``levels`` deep, as long dotted keys can be."""
    level: list[object] = [table]
    for _ in range(levels):
        below: list[object] = []
        for value in level:
            if isinstance(value, Mapping):
                below += value.values()
            elif isinstance(value, list):
                below += value
        level = below
    return any(isinstance(value, (Mapping, list)) for value in level)


def find_checkout(root: Path) -> Path:
    """Return the root of the git repository around a project, or the project's own root."""
    return next((place for place in (root, *root.parents) if (place / ".git").exists()), root)
