"""Working off the matrix of a release: several builds and tests at once, within a budget."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from felloe.errors import FelloeError
from felloe.release.matrix import Cell, choose_builds, find_cover, share_jobs
from felloe.release.process import Stopped
from felloe.release.progress import Progress
from felloe.release.report import format_size
from felloe.release.result import (
    BuiltWheel,
    CellResult,
    Failure,
    Status,
    Trial,
    TrialStatus,
)
from felloe.release.wheel_job import Bench, Failed

_TICK = 0.2
"""Seconds between two looks at what runs."""
_SHOWN = 12
"""Lines of a failed log that are shown."""


@dataclass(frozen=True)
class _Task:
    cell: Cell
    verb: str
    jobs: int


@dataclass
class Schedule:
    """The state of a matrix that is being worked off, by one thread."""

    bench: Bench
    progress: Progress
    jobs: int
    py_api: str
    place: Callable[[Cell, BuiltWheel], BuiltWheel]
    """Puts a finished wheel where it belongs."""
    keep_log: Callable[[Path, str], Failure]
    results: dict[Cell, CellResult] = field(default_factory=dict)
    _waiting: list[Cell] = field(default_factory=list)
    _untested: list[Cell] = field(default_factory=list)
    _running: dict[Future[Any], _Task] = field(default_factory=dict)

    def work_off(self, cells: Sequence[Cell], kept: Mapping[Cell, BuiltWheel]) -> None:
        """Fill :attr:`results`. A failure leaves the others alone, an interruption stops all."""
        self._waiting = [cell for cell in cells if cell not in kept]
        for cell, wheel in kept.items():
            self.progress.say(f"{cell.label}: {wheel.name.filename} is there")
            self._settle(CellResult(cell, Status.KEPT, wheel))
        with ThreadPoolExecutor(max_workers=self.jobs) as pool:
            try:
                while self._start(pool) or self._running:
                    done, _ = wait(self._running, _TICK, FIRST_COMPLETED)
                    for future in done:
                        self._finish(self._running.pop(future), future)
                    self.progress.tick(len(self._waiting) + len(self._untested))
            except KeyboardInterrupt:
                self.bench.children.stop()
                self._stop()
            finally:
                self.bench.children.stop()
                self.progress.close()

    def _start(self, pool: ThreadPoolExecutor) -> bool:
        """Start what may start; tests first, for they end the story of a wheel."""
        self._share_wheels()
        free = self.jobs - sum(task.jobs for task in self._running.values())
        building = [task.cell for task in self._running.values() if task.verb == "build"]
        ready = choose_builds(self._waiting, building, self.py_api)
        queue = [(cell, "test") for cell in self._untested] + [(cell, "build") for cell in ready]
        started = 0
        for position, (cell, verb) in enumerate(queue):
            if free < 1:
                break
            jobs = 1 if verb == "test" else share_jobs(free, len(queue) - position)
            free -= jobs
            started += 1
            self._submit(pool, _Task(cell, verb, jobs))
        return bool(started)

    def _submit(self, pool: ThreadPoolExecutor, task: _Task) -> None:
        cell, log = task.cell, self.bench.log(task.cell, task.verb)
        self.progress.start(cell.label, f"{task.verb}ing", log)
        if task.verb == "build":
            self._waiting.remove(cell)
            future: Future[Any] = pool.submit(self.bench.build, cell, task.jobs)
        else:
            self._untested.remove(cell)
            wheel = self.results[cell].wheel
            assert wheel is not None  # noqa: S101 - only cells with a wheel are queued
            future = pool.submit(self.bench.test, cell, wheel.path)
        self._running[future] = task

    def _share_wheels(self) -> None:
        """Give waiting cells a finished wheel that is theirs as well."""
        made = {cell: result.wheel.name for cell, result in self.results.items() if result.wheel}
        for cell in list(self._waiting):
            other = find_cover(cell, made)
            if other is not None:
                self._waiting.remove(cell)
                self.progress.say(f"{cell.label}: the wheel of {other.label} is its as well")
                self._settle(CellResult(cell, Status.SHARED, self.results[other].wheel))

    def _settle(self, result: CellResult) -> None:
        """Note what came of a build, and whether to test it."""
        asked = bool(self.bench.table.test)
        if result.wheel is None:
            trial = Trial(TrialStatus.NO_WHEEL if asked else TrialStatus.NOT_ASKED)
        elif not asked:
            trial = Trial(TrialStatus.NOT_ASKED)
        elif not result.cell.runs_here:
            trial = Trial(TrialStatus.NOT_HERE)
        else:
            trial = Trial(TrialStatus.STOPPED)  # until it has run
            self._untested.append(result.cell)
        self.results[result.cell] = replace(result, trial=trial)

    def _finish(self, task: _Task, future: Future[Any]) -> None:
        try:
            if task.verb == "test":
                self._end_test(task.cell, future.result())
            else:
                self._end_build(task.cell, *future.result())
        except (Failed, FelloeError) as cause:
            self._fail(task, cause.message)
        except OSError as cause:  # a full disk, most likely
            self._fail(task, f"{cause.strerror}: {cause.filename}")

    def _end_test(self, cell: Cell, trial: Trial) -> None:
        self.progress.end(cell.label, f"tests passed in {trial.seconds:.1f} s")
        self.results[cell] = replace(self.results[cell], trial=trial)

    def _end_build(self, cell: Cell, made: BuiltWheel, seconds: float) -> None:
        wheel = self.place(cell, made)
        size = format_size(wheel.size)
        self.progress.end(cell.label, f"{wheel.name.filename}, {size} in {seconds:.1f} s")
        self._settle(CellResult(cell, Status.BUILT, wheel, seconds))

    def _fail(self, task: _Task, message: str) -> None:
        cell, log = task.cell, self.bench.log(task.cell, task.verb)
        failure = self.keep_log(log, message)
        named = f"; see {failure.log}" if failure.log else ""
        text = f"{task.verb} failed: {message}{named}"
        self.progress.end(cell.label, text + "".join(f"\n    {line}" for line in _ending(log)))
        if task.verb == "test":
            trial = Trial(TrialStatus.FAILED, failure=failure)
            self.results[cell] = replace(self.results[cell], trial=trial)
        else:
            self._settle(CellResult(cell, Status.FAILED, failure=failure))

    def _stop(self) -> None:
        """What is not done will not be."""
        for future, task in self._running.items():
            with contextlib.suppress(Stopped, Failed, OSError):
                future.result()
            if task.verb == "build":
                self._waiting.append(task.cell)
        for cell in self._waiting:
            self.results[cell] = CellResult(cell, Status.STOPPED)


def _ending(log: Path) -> list[str]:
    """The last lines of a log."""
    if not log.exists():
        return []
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.strip()][-_SHOWN:]
