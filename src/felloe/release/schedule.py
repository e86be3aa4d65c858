"""Run the builds and tests of a release, several at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from felloe.errors import FelloeError
from felloe.release.log import LogKeeper
from felloe.release.matrix import MatrixEntry, choose_builds, find_cover, share_jobs
from felloe.release.process import Stopped
from felloe.release.progress import Progress
from felloe.release.report import format_size
from felloe.release.result import (
    NO_TEST,
    NO_WHEEL,
    OTHER_PLATFORM,
    BuiltWheel,
    EntryResult,
    Status,
    TestResult,
    TestStatus,
)
from felloe.release.wheel_job import Failed, WheelJob

_TICK = 0.2
"""Seconds between two looks at what runs."""


@dataclass(frozen=True)
class _Task:
    entry: MatrixEntry
    verb: str
    jobs: int


@dataclass
class Schedule:
    """The state of the builds and tests. Used by one thread."""

    wheel_job: WheelJob
    progress: Progress
    jobs: int
    py_api: str
    place: Callable[[MatrixEntry, BuiltWheel], BuiltWheel]
    """Writes a finished wheel to the output directory."""
    logs: LogKeeper
    results: dict[MatrixEntry, EntryResult] = field(default_factory=dict)
    _waiting: list[MatrixEntry] = field(default_factory=list)
    _untested: list[MatrixEntry] = field(default_factory=list)
    _running: dict[Future[Any], _Task] = field(default_factory=dict)

    def run(self, entries: Sequence[MatrixEntry], kept: Mapping[MatrixEntry, BuiltWheel]) -> None:
        """Fill :attr:`results`. After a failure the others continue; an interruption stops all."""
        self._waiting = [entry for entry in entries if entry not in kept]
        for entry, wheel in kept.items():
            self.progress.say(f"{entry.label}: {wheel.name.filename} is kept")
            self._settle(EntryResult(entry, Status.KEPT, wheel))
        with ThreadPoolExecutor(max_workers=self.jobs) as pool:
            try:
                while self._start(pool) or self._running:
                    done, _ = wait(self._running, _TICK, FIRST_COMPLETED)
                    for future in done:
                        self._finish(self._running.pop(future), future)
                    self.progress.tick(len(self._waiting) + len(self._untested))
            except KeyboardInterrupt:
                self.wheel_job.children.stop()
                self._stop()
            finally:
                self.wheel_job.children.stop()
                self.progress.close()

    def _start(self, pool: ThreadPoolExecutor) -> bool:
        """Start as much as the jobs allow; tests first, because they finish a wheel."""
        self._share_wheels()
        free = self.jobs - sum(task.jobs for task in self._running.values())
        building = [task.entry for task in self._running.values() if task.verb == "build"]
        ready = choose_builds(self._waiting, building, self.py_api)
        queue = [(entry, "test") for entry in self._untested] + [
            (entry, "build") for entry in ready
        ]
        started = 0
        for position, (entry, verb) in enumerate(queue):
            if free < 1:
                break
            jobs = 1 if verb == "test" else share_jobs(free, len(queue) - position)
            free -= jobs
            started += 1
            self._submit(pool, _Task(entry, verb, jobs))
        return bool(started)

    def _submit(self, pool: ThreadPoolExecutor, task: _Task) -> None:
        entry, log = task.entry, self.wheel_job.log(task.entry, task.verb)
        self.progress.start(entry.label, f"{task.verb}ing", log)
        if task.verb == "build":
            self._waiting.remove(entry)
            future: Future[Any] = pool.submit(self.wheel_job.build, entry, task.jobs)
        else:
            self._untested.remove(entry)
            wheel = self.results[entry].wheel
            assert wheel is not None  # noqa: S101 - only entries with a wheel are queued
            future = pool.submit(self.wheel_job.test, entry, wheel.path)
        self._running[future] = task

    def _share_wheels(self) -> None:
        """Give waiting entries a finished wheel that is for them too."""
        made = {entry: result.wheel.name for entry, result in self.results.items() if result.wheel}
        for entry in list(self._waiting):
            other = find_cover(entry, made)
            if other is not None:
                self._waiting.remove(entry)
                self.progress.say(f"{entry.label}: uses the wheel of {other.label}")
                self._settle(EntryResult(entry, Status.SHARED, self.results[other].wheel))

    def _settle(self, result: EntryResult) -> None:
        """Record the result of a build, and queue its tests."""
        if not self.wheel_job.table.test:
            test = NO_TEST
        elif result.wheel is None:
            test = NO_WHEEL
        elif not result.entry.runs_here:
            test = OTHER_PLATFORM
        else:
            test = TestResult(TestStatus.STOPPED)  # until it has run
            self._untested.append(result.entry)
        self.results[result.entry] = replace(result, test=test)

    def _finish(self, task: _Task, future: Future[Any]) -> None:
        try:
            if task.verb == "test":
                self._end_test(task.entry, future.result())
            else:
                self._end_build(task.entry, *future.result())
        except (Failed, FelloeError) as cause:
            self._fail(task, cause.message)
        except OSError as cause:  # a full disk, most likely
            self._fail(task, f"{cause.strerror}: {cause.filename}")

    def _end_test(self, entry: MatrixEntry, test: TestResult) -> None:
        self.progress.end(entry.label, f"tests passed in {test.seconds:.1f} s")
        self.results[entry] = replace(self.results[entry], test=test)

    def _end_build(self, entry: MatrixEntry, made: BuiltWheel, seconds: float) -> None:
        wheel = self.place(entry, made)
        size = format_size(wheel.size)
        self.progress.end(entry.label, f"{wheel.name.filename}, {size} in {seconds:.1f} s")
        self._settle(EntryResult(entry, Status.BUILT, wheel, seconds))

    def _fail(self, task: _Task, message: str) -> None:
        entry, log = task.entry, self.wheel_job.log(task.entry, task.verb)
        failure = self.logs.keep(log, message)
        named = f"; see {failure.log}" if failure.log else ""
        text = f"{task.verb} failed: {message}{named}"
        self.progress.end(
            entry.label, text + "".join(f"\n    {line}" for line in self.logs.read_ending(log))
        )
        if task.verb == "test":
            test = TestResult(TestStatus.FAILED, failure=failure)
            self.results[entry] = replace(self.results[entry], test=test)
        else:
            self._settle(EntryResult(entry, Status.FAILED, failure=failure))

    def _stop(self) -> None:
        """Record the entries that were not finished."""
        for future, task in self._running.items():
            with contextlib.suppress(Stopped, Failed, OSError):
                future.result()
            if task.verb == "build":
                self._waiting.append(task.entry)
        for entry in self._waiting:
            self.results[entry] = EntryResult(entry, Status.STOPPED)
