"""The record of a tree: the steps of its last builds, and the identities of all their files.

    <tree>/files.json     the identities, and the name of the wheel
    <tree>/steps.json     for each step, the keys that it read and the paths that it wrote

The first file is enough to detect that nothing has changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from felloe.build.cache.document import read_document, write_document
from felloe.build.tree.identity import Identity
from felloe.build.watch.trace import Kind

_FILES, _STEPS = "files.json", "steps.json"
_PARTS = [int, int, int, int, str]


@dataclass(frozen=True)
class Step:
    """The last run of a step."""

    kind: Kind
    command: str
    reads: frozenset[str]
    """Keys of files that it read, listed or searched, without its own outputs."""
    writes: frozenset[str]
    """Paths of files that it wrote."""
    looks: frozenset[str] = frozenset()
    """Keys of files in the build tree that CMake looked at, even missing ones."""


@dataclass(frozen=True)
class Record:
    """The identities and steps of a tree."""

    identities: Mapping[str, Identity] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    wheel: str = ""
    """The file name of the engine's wheel; empty if the last build failed."""
    place: str = ""
    """The real path of the build directory, which its files name."""


def read_identities(tree: Path) -> Record | None:
    """Return a record without steps; None if it is missing or unreadable."""
    try:
        values = read_document(tree / _FILES)
        files = {str(key): check_identity(value) for key, value in values["files"].items()}
        if values["place"] != _find_place(tree):
            return None  # the tree was moved or copied
        return Record(files, {}, str(values["wheel"]), values["place"])
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def read_steps(tree: Path) -> dict[str, Step] | None:
    """Return the steps; None if they are missing or unreadable."""
    try:
        values = read_document(tree / _STEPS)
        keys = list(map(str, values["keys"]))
        return {name: _parse_step(keys, row) for name, row in values["steps"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, IndexError):
        return None


def _parse_step(keys: list[str], row: tuple[str, str, list[int], list[str], list[str]]) -> Step:
    kind, command, reads, writes, looks = row
    return Step(
        kind=Kind(kind),
        command=command,
        reads=frozenset(keys[index] for index in reads),
        writes=frozenset(map(str, writes)),
        looks=frozenset(map(str, looks)),
    )


def write_record(tree: Path, record: Record) -> None:
    """Write both files. The one that allows the wheel to be reused is written last."""
    keys = sorted({key for step in record.steps.values() for key in step.reads})
    numbers = {key: index for index, key in enumerate(keys)}
    steps = {
        name: (
            step.kind.value,
            step.command,
            sorted(numbers[key] for key in step.reads),
            sorted(step.writes),
            sorted(step.looks),
        )
        for name, step in record.steps.items()
    }
    write_document(tree / _STEPS, {"keys": keys, "steps": steps})
    files = {"files": dict(record.identities), "wheel": record.wheel}
    write_document(tree / _FILES, {**files, "place": _find_place(tree)})


def forget_record(tree: Path) -> None:
    """Delete a record before a build invalidates it."""
    for name in (_FILES, _STEPS):
        (tree / name).unlink(missing_ok=True)


def _find_place(tree: Path) -> str:
    """Return the real path of the build directory, as trees can be moved, copied or linked."""
    return os.path.realpath(tree / "build")


def check_identity(value: object) -> Identity:
    """Return a JSON value as an identity. Raise :class:`ValueError` if it is not one."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and [type(part) for part in value] == _PARTS:
        return value
    raise ValueError(value)
