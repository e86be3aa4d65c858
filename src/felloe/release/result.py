"""What came of a release."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from felloe.release.matrix import Cell
from felloe.wheel.tags import WheelName


class Status(Enum):
    """What came of a cell of the matrix."""

    BUILT = "built"
    KEPT = "kept"
    """The wheel of an earlier run was there."""
    SHARED = "shared"
    """Another cell's wheel is this one's as well."""
    FAILED = "failed"
    STOPPED = "stopped"


class TrialStatus(Enum):
    """What came of a cell's tests."""

    PASSED = "passed"
    FAILED = "failed"
    STOPPED = "stopped"
    NOT_ASKED = "not asked"
    NOT_HERE = "not here"
    """The wheel is for another machine or C library."""
    NO_WHEEL = "no wheel"


@dataclass(frozen=True)
class Proof:
    """What the audit of a finished wheel says, in short."""

    policy: str | None
    """The best platform policy that its binaries prove."""
    limit: str
    """What keeps it from a better one; empty if nothing does."""


@dataclass(frozen=True)
class BuiltWheel:
    """A wheel in the output directory."""

    name: WheelName
    path: Path
    size: int
    """Bytes."""
    sha256: str
    proof: Proof


@dataclass(frozen=True)
class Failure:
    """Why there is no wheel, or no success of its tests."""

    message: str
    log: Path | None = None


@dataclass(frozen=True)
class Trial:
    """What came of testing a wheel with one interpreter."""

    status: TrialStatus
    seconds: float = 0.0
    failure: Failure | None = None


@dataclass(frozen=True)
class CellResult:
    """What came of one cell."""

    cell: Cell
    status: Status
    wheel: BuiltWheel | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    trial: Trial = Trial(TrialStatus.NOT_ASKED)

    @property
    def holds(self) -> bool:
        """Whether the wheel is there and no test of it failed."""
        bad = (TrialStatus.FAILED, TrialStatus.STOPPED)
        return self.wheel is not None and self.trial.status not in bad


@dataclass(frozen=True)
class SourceResult:
    """The sdist that all wheels are made of."""

    path: Path
    size: int
    sha256: str
    kept: bool
    """Whether one with the same contents was there already."""
    seconds: float


@dataclass(frozen=True)
class Release:
    """The whole of it."""

    project: str
    source: SourceResult
    cells: tuple[CellResult, ...]
    stale: tuple[str, ...]
    """Files of the same project in the output directory that are not of this release."""
    tool: str
    jobs: int
    seconds: float

    @property
    def holds(self) -> bool:
        return all(cell.holds for cell in self.cells)

    @property
    def stopped(self) -> bool:
        """Whether somebody ended it early."""
        return any(
            cell.status is Status.STOPPED or cell.trial.status is TrialStatus.STOPPED
            for cell in self.cells
        )

    @property
    def wheels(self) -> tuple[BuiltWheel, ...]:
        """Each once."""
        found = {cell.wheel.path: cell.wheel for cell in self.cells if cell.wheel is not None}
        return tuple(found.values())
