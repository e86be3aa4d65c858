"""What a tree was built from: the steps of its last builds, and the identities of all their files.

    <tree>/files.json     the identities, and the wheel that came of them
    <tree>/steps.json     for each step, the keys that it read and the paths that it wrote

The first is all that is needed to tell that nothing has changed.
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
    """A step as it was done last."""

    kind: Kind
    command: str
    reads: frozenset[str]
    """Keys of what it read, listed, or looked for, apart from its own outputs."""
    writes: frozenset[str]
    """Paths of files that it made."""
    looks: frozenset[str] = frozenset()
    """Keys of what CMake looked at in the build tree when it configured, made by then or not."""


@dataclass(frozen=True)
class Record:
    """All that is known of a tree."""

    identities: Mapping[str, Identity] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    wheel: str = ""
    place: str = ""
    """The real path of the build directory, which its files name."""
    """The file name of the engine's wheel; empty if the last build failed."""


def read_identities(tree: Path) -> Record | None:
    """Return a record without steps; None if there is none that can be understood."""
    try:
        values = read_document(tree / _FILES)
        files = {str(key): check_identity(value) for key, value in values["files"].items()}
        if values["place"] != _find_place(tree):
            return None  # moved, or a copy
        return Record(files, {}, str(values["wheel"]), values["place"])
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def read_steps(tree: Path) -> dict[str, Step] | None:
    """Return the steps; None if there is nothing that can be understood."""
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
    """Write both files; the one that allows the wheel to be used comes last."""
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
    """Delete a record, before a build makes it untrue."""
    for name in (_FILES, _STEPS):
        (tree / name).unlink(missing_ok=True)


def _find_place(tree: Path) -> str:
    """Return the real path of the build directory: a tree is moved, copied, or led elsewhere."""
    return os.path.realpath(tree / "build")


def check_identity(value: object) -> Identity:
    """Return a value of JSON as an identity. Raises :class:`ValueError` if it is none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and [type(part) for part in value] == _PARTS:
        return value
    raise ValueError(value)
