"""The matrix of a release: interpreters and targets, and which of them share a wheel."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from felloe.config.py_api import PyApi, parse_py_api
from felloe.python.interpreter import Interpreter
from felloe.wheel.tags import WheelName

HERE = "auto"
"""The target that means the platform of the interpreter."""

_PLATFORM = re.compile(r"(?P<family>[a-z]+?)(1|2010|2014|_\d+_\d+)?_(?P<machine>.+)")


@dataclass(frozen=True)
class MatrixEntry:
    """One interpreter and one target of a release."""

    interpreter: Interpreter
    target: str = HERE
    """A platform tag, or :data:`HERE`."""

    @property
    def label(self) -> str:
        """The name of the entry in reports."""
        here = self.target == HERE
        return self.interpreter.tag if here else f"{self.interpreter.tag} {self.target}"

    @property
    def runs_here(self) -> bool:
        """Return whether its interpreter can run its wheel."""
        if self.target == HERE:
            return True
        wanted = _PLATFORM.fullmatch(self.target)
        own = _PLATFORM.fullmatch(self.interpreter.platform)
        if wanted is None or own is None:
            return False
        return wanted["machine"] == own["machine"] and wanted["family"] in _families(
            own["family"], self.interpreter.libc
        )


def _families(system: str, libc: str) -> tuple[str, ...]:
    if system != "linux":
        return (system,)
    return ("linux", "musllinux" if libc == "musl" else "manylinux")


def plan_matrix(
    interpreters: Iterable[Interpreter], targets: Sequence[str]
) -> tuple[MatrixEntry, ...]:
    """Return every interpreter for every target, each once."""
    places = dict.fromkeys(targets or (HERE,))
    return tuple(
        MatrixEntry(interpreter, target) for target, interpreter in product(places, interpreters)
    )


def choose_builds(
    waiting: Sequence[MatrixEntry], building: Collection[MatrixEntry], py_api: str
) -> tuple[MatrixEntry, ...]:
    """Return the entries that may start now.

    Entries that share a wheel, by the engine's ``wheel.py-api``, wait for the first of them.
    """
    api = parse_py_api(py_api)
    led = {entry.target for entry in building if _shares(entry, api)}
    first: dict[str, MatrixEntry | None] = {}
    for target in {entry.target for entry in waiting} - led:
        rivals = [entry for entry in waiting if entry.target == target and _shares(entry, api)]
        first[target] = api.choose_first((entry, _is_free(entry)) for entry in rivals)
    return tuple(
        entry for entry in waiting if not _shares(entry, api) or entry == first.get(entry.target)
    )


def _shares(entry: MatrixEntry, api: PyApi) -> bool:
    item = entry.interpreter
    return api.shares(
        (item.version[0], item.version[1]),
        is_free_threaded=_is_free(entry),
        is_cpython=item.implementation == "cpython",
    )


def _is_free(entry: MatrixEntry) -> bool:
    return "t" in entry.interpreter.flags


def find_cover(entry: MatrixEntry, made: Mapping[MatrixEntry, WheelName]) -> MatrixEntry | None:
    """Return an entry whose finished wheel is for this one too."""
    return next(
        (
            other
            for other, name in made.items()
            if other.target == entry.target and entry.interpreter.loads(name)
        ),
        None,
    )


def share_jobs(free: int, startable: int) -> int:
    """Return the compile jobs of the next build: an equal share of the free ones."""
    return max(1, free // max(1, startable))
