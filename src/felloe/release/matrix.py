"""What is to be built, what may start now, and what a finished wheel makes needless."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from felloe.config.py_api import PyApi, parse_py_api
from felloe.python.interpreter import Interpreter
from felloe.wheel.tags import WheelName

HERE = "auto"
"""The target that is the interpreter's own platform."""

_PLATFORM = re.compile(r"(?P<family>[a-z]+?)(1|2010|2014|_\d+_\d+)?_(?P<machine>.+)")


@dataclass(frozen=True)
class Cell:
    """One wheel of a release: who builds it, and for where."""

    interpreter: Interpreter
    target: str = HERE
    """A platform tag, or :data:`HERE`."""

    @property
    def label(self) -> str:
        """What the cell is called where people read."""
        here = self.target == HERE
        return self.interpreter.tag if here else f"{self.interpreter.tag} {self.target}"

    @property
    def runs_here(self) -> bool:
        """Whether its wheel can be tried with its interpreter."""
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


def plan_cells(interpreters: Iterable[Interpreter], targets: Sequence[str]) -> tuple[Cell, ...]:
    """Every interpreter for every target, each once."""
    places = dict.fromkeys(targets or (HERE,))
    return tuple(Cell(interpreter, target) for target, interpreter in product(places, interpreters))


def choose_builds(
    waiting: Sequence[Cell], building: Collection[Cell], py_api: str
) -> tuple[Cell, ...]:
    """The cells that may start now.

    Cells that ``py_api`` (the engine's ``wheel.py-api``) gives one wheel wait
    for the first of them: it may be the wheel of them all.
    """
    api = parse_py_api(py_api)
    led = {cell.target for cell in building if _shares(cell, api)}
    first: dict[str, Cell | None] = {}
    for target in {cell.target for cell in waiting} - led:
        rivals = [cell for cell in waiting if cell.target == target and _shares(cell, api)]
        first[target] = api.choose_first((cell, _is_free(cell)) for cell in rivals)
    return tuple(
        cell for cell in waiting if not _shares(cell, api) or cell == first.get(cell.target)
    )


def _shares(cell: Cell, api: PyApi) -> bool:
    item = cell.interpreter
    return api.shares(
        (item.version[0], item.version[1]),
        is_free_threaded=_is_free(cell),
        is_cpython=item.implementation == "cpython",
    )


def _is_free(cell: Cell) -> bool:
    return "t" in cell.interpreter.flags


def find_cover(cell: Cell, made: Mapping[Cell, WheelName]) -> Cell | None:
    """The cell whose finished wheel is this one's as well."""
    return next(
        (
            other
            for other, name in made.items()
            if other.target == cell.target and cell.interpreter.loads(name)
        ),
        None,
    )


def share_jobs(free: int, startable: int) -> int:
    """Compile jobs for the next of so many builds: the free ones divided, one at the least."""
    return max(1, free // max(1, startable))
