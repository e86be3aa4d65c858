"""Migrate a project: read its files, plan the changes, show or write them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from felloe.errors import UsageError
from felloe.project.migrate.migration import Migration, plan_migration
from felloe.project.text_file import read_text, write_file

_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "CMakeLists.txt")
_NAMES = ("README.md", "README.rst", "README.txt", "README", "meson.build", "uv.lock")
"""Files that matter by their presence."""
_SUFFIXES = (".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".pyx")
_NOT_OURS = ("build", "dist", "venv", "env", "node_modules", "wheelhouse")
_CI_FILES = (
    *(".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", ".travis.yml"),
    *("appveyor.yml", ".appveyor.yml", "azure-pipelines.yml", ".circleci/config.yml"),
    *(".cirrus.yml", "Makefile", "tox.ini", "noxfile.py"),
)


@dataclass(frozen=True)
class Move:
    """A project and its migration."""

    root: Path
    migration: Migration
    before: dict[str, str]
    """The present texts of the files."""

    @property
    def is_empty(self) -> bool:
        """Return whether felloe builds the project already."""
        migration = self.migration
        return migration.is_possible and not migration.files and not migration.remains


def plan_move(root: Path) -> Move:
    """Plan the migration of a project. Raises :class:`UsageError` if there is none."""
    files = _read(root, _FILES)
    if not {"pyproject.toml", "setup.py"} & set(files):
        raise UsageError(
            f"{root} has neither pyproject.toml nor setup.py",
            hint="name the directory of a project; `felloe new` makes one",
        )
    files.update((name, "") for name in _NAMES if (root / name).is_file())
    migration = plan_migration(files, _read(root, _CI_FILES), _find_source_dirs(root))
    return Move(root, migration, files)


def _find_source_dirs(root: Path) -> list[str]:
    """Return the directories of the project, at its top level, that have C or C++ sources."""
    return [
        place.name
        for place in sorted(root.iterdir())
        if place.is_dir() and place.name not in _NOT_OURS and not place.name.startswith(".")
        if any(name.endswith(_SUFFIXES) for _, _, names in os.walk(place) for name in names)
    ]


def _read(root: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            text = read_text(path) if path.is_file() else None
            if text is not None:
                found[path.relative_to(root).as_posix()] = text
    return found


def render_diff(move: Move) -> str:
    """Return the changes as a unified diff for ``patch -p1``."""
    return "".join(line for path in move.migration.files for line in _diff(move, path))


def _diff(move: Move, path: str) -> Iterator[str]:
    before, after = move.before.get(path), move.migration.files[path]
    old = "/dev/null" if before is None else f"a/{path}"
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        after.splitlines(keepends=True),
        old,
        f"b/{path}",
    )
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def apply_move(move: Move) -> None:
    """Write the changed files."""
    for path, text in move.migration.files.items():
        write_file(move.root / path, text)
