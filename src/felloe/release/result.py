"""The results of a release."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from felloe.release.matrix import MatrixEntry
from felloe.wheel.tags import WheelName


class Status(Enum):
    """The result of building the wheel of a matrix entry."""

    BUILT = "built"
    KEPT = "kept"
    """An earlier run built the wheel."""
    SHARED = "shared"
    """The wheel of another entry is for this one too."""
    FAILED = "failed"
    STOPPED = "stopped"


class TestStatus(Enum):
    """The result of the tests of a matrix entry."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Proof:
    """The result of the audit of a finished wheel, in short."""

    policy: str | None
    """The best platform policy that its binaries prove."""
    limit: str
    """The symbol or library that prevents a better one; empty if there is none."""


@dataclass(frozen=True)
class BuiltWheel:
    """A wheel in the output directory."""

    name: WheelName
    path: Path
    size: int
    """Size in bytes."""
    sha256: str
    proof: Proof


@dataclass(frozen=True)
class Failure:
    """The reason why a build or a test failed."""

    message: str
    log: Path | None = None


@dataclass(frozen=True)
class TestResult:
    """The result of testing a wheel with one interpreter."""

    status: TestStatus
    seconds: float = 0.0
    failure: Failure | None = None
    reason: str = ""
    """The reason why the tests were skipped."""


NO_TEST = TestResult(TestStatus.SKIPPED, reason="no test is given")
NO_WHEEL = TestResult(TestStatus.SKIPPED, reason="there is no wheel")
OTHER_PLATFORM = TestResult(TestStatus.SKIPPED, reason="the wheel is for another platform")


@dataclass(frozen=True)
class EntryResult:
    """The result of one matrix entry."""

    entry: MatrixEntry
    status: Status
    wheel: BuiltWheel | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    test: TestResult = NO_TEST

    @property
    def passed(self) -> bool:
        """Return whether there is a wheel and no test failed."""
        bad = (TestStatus.FAILED, TestStatus.STOPPED)
        return self.wheel is not None and self.test.status not in bad


@dataclass(frozen=True)
class SourceResult:
    """The sdist that all wheels are built from."""

    path: Path
    size: int
    sha256: str
    kept: bool
    """The output directory had an sdist with the same contents."""
    seconds: float


@dataclass(frozen=True)
class Release:
    """The result of the whole release."""

    project: str
    source: SourceResult
    entries: tuple[EntryResult, ...]
    stale: tuple[str, ...]
    """Files of the project in the output directory that belong to other releases."""
    frontend: str
    jobs: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Return whether every entry passed."""
        return all(entry.passed for entry in self.entries)

    @property
    def stopped(self) -> bool:
        """Return whether the user ended the release early."""
        return any(
            entry.status is Status.STOPPED or entry.test.status is TestStatus.STOPPED
            for entry in self.entries
        )

    @property
    def wheels(self) -> tuple[BuiltWheel, ...]:
        """The wheels, each once."""
        found = {entry.wheel.path: entry.wheel for entry in self.entries if entry.wheel is not None}
        return tuple(found.values())
