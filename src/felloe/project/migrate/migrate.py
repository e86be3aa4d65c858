"""The story of a move: read what is there, decide, show it, write it if asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from felloe.errors import UsageError
from felloe.project.migrate.migration import Migration, plan_migration
from felloe.project.text_file import read_text, write_file

_FILES = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "CMakeLists.txt",
    "README.md",
    "meson.build",
)
_CI_FILES = (
    *(".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", ".travis.yml"),
    *("appveyor.yml", ".appveyor.yml", "azure-pipelines.yml", ".circleci/config.yml"),
    *(".cirrus.yml", "Makefile", "tox.ini", "noxfile.py"),
)


@dataclass(frozen=True)
class Move:
    """A project and how it moves here."""

    root: Path
    migration: Migration
    before: dict[str, str]
    """The texts that it was decided from."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        migration = self.migration
        return migration.is_possible and not migration.files and not migration.remains


def plan_move(root: Path) -> Move:
    """Look at a project. Raises :class:`UsageError` if there is none."""
    files = _read(root, _FILES)
    if not {"pyproject.toml", "setup.py"} & set(files):
        raise UsageError(
            f"{root} has neither pyproject.toml nor setup.py",
            hint="name the directory of a project; `felloe new` makes one",
        )
    return Move(root, plan_migration(files, _read(root, _CI_FILES)), files)


def _read(root: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            text = read_text(path) if path.is_file() else None
            if text is not None:
                found[path.relative_to(root).as_posix()] = text
    return found


def render_diff(move: Move) -> str:
    """The changes as a unified diff, which ``patch -p1`` takes."""
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
