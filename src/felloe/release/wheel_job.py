"""The work on one wheel of a release: build it in isolation, test it in a clean environment."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from felloe.audit.policy.family import Policies
from felloe.audit.wheel_file import Auditor
from felloe.config.build_table import BuildTable
from felloe.errors import FelloeError
from felloe.release.matrix import HERE, Cell
from felloe.release.process import Children
from felloe.release.result import BuiltWheel, Failure, Proof, Trial, TrialStatus
from felloe.release.tool import Tool
from felloe.wheel.atomic_write import placing
from felloe.wheel.digest import hash_file
from felloe.wheel.tags import parse_wheel_name

_CHUNK = 1 << 20


class Failed(Exception):
    """A build or test failed; its log says more."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Bench:
    """What every build and test of a release needs."""

    tool: Tool
    children: Children
    scratch: Path
    """An empty directory that is gone afterwards."""
    project: Path
    """The source tree that tests come from."""
    source: Path
    """What wheels are built of: the sdist, or the tree it unpacks to."""
    config: tuple[str, ...]
    """``KEY=VALUE`` for the backend."""
    table: BuildTable
    environ: Mapping[str, str]
    policies: Policies

    def log(self, cell: Cell, verb: str) -> Path:
        """Where that work on a cell writes to."""
        return self.scratch / f"{_slug(cell)}-{verb}.log"

    def build(self, cell: Cell, jobs: int) -> tuple[BuiltWheel, float]:
        """Build the cell's wheel in the scratch directory. Answers it, and the seconds it took.

        Raises :class:`Failed`.
        """
        out = self.scratch / f"{_slug(cell)}-wheel"
        out.mkdir()
        config = self.config if cell.target == HERE else (*self.config, _target(cell))
        command = self.tool.build_wheel(cell.interpreter, self.source, out, config)
        environ = {**self.environ, "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs)}
        began = time.monotonic()
        self._run(command, self.log(cell, "build"), environ, out)
        wheels = list(out.glob("*.whl"))
        if len(wheels) != 1:
            raise Failed(f"the build left {len(wheels)} wheels")
        return inspect_wheel(wheels[0], self.policies), time.monotonic() - began

    def test(self, cell: Cell, wheel: Path) -> Trial:
        """Install the wheel into an environment of its own and run the tests, away from the source.

        Raises :class:`Failed`.
        """
        began = time.monotonic()
        log = self.log(cell, "test")
        place = self.scratch / f"{_slug(cell)}-test"
        place.mkdir()
        self._copy_sources(place)
        environment = self.scratch / f"{_slug(cell)}-environment"
        python = cell.interpreter.find_in(environment)
        path = os.pathsep.join((str(python.parent), self.environ.get("PATH", "")))
        environ = {**self.environ, "VIRTUAL_ENV": str(environment), "PATH": path}
        environ["PYTHONNOUSERSITE"] = "1"
        make = self.tool.make_environment(cell.interpreter, environment)
        install = self.tool.install(cell.interpreter, python, self._requirements(wheel))
        for command in (make, install):
            self._run(command, log, self.environ, place)
        for text in self.table.test:
            words = [word.replace("{project}", str(self.project)) for word in shlex.split(text)]
            self._run(words, log, environ, place)
        return Trial(TrialStatus.PASSED, time.monotonic() - began)

    def _run(
        self, command: Sequence[str], log: Path, environ: Mapping[str, str], cwd: Path
    ) -> None:
        code = self.children.run(command, log, environ, cwd)
        if code:
            raise Failed(f"{Path(command[0]).name} ended with exit code {code}")

    def _requirements(self, wheel: Path) -> list[str]:
        extras = ",".join(self.table.test_extras)
        name = parse_wheel_name(wheel.name).distribution
        own = f"{name}[{extras}] @ {wheel.as_uri()}" if extras else str(wheel)
        return [own, *self.table.test_requires]

    def _copy_sources(self, place: Path) -> None:
        for name in self.table.test_sources:
            source, target = self.project / name, place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                unwanted = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, target, ignore=unwanted, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)


def inspect_wheel(path: Path, policies: Policies) -> BuiltWheel:
    """Audit a wheel file. Raises :class:`Failed` if what it says of itself is not true."""
    try:
        verdict = Auditor(policies).audit_file(path).verdict
    except FelloeError as cause:
        raise Failed(cause.message) from cause
    if verdict.problems:
        raise Failed("\n".join(problem.message for problem in verdict.problems))
    proof = Proof(verdict.platform.policy, verdict.platform.limit)
    digest = hash_file(path).hex()
    return BuiltWheel(verdict.claim, path, path.stat().st_size, digest, proof)


def put_file(source: Path, directory: Path) -> Path:
    """Copy a file into a directory, complete or not at all."""
    path = directory / source.name
    with source.open("rb") as whole, placing(path) as (file, _):
        shutil.copyfileobj(whole, file, _CHUNK)
    return path


def keep_log(log: Path, directory: Path, message: str) -> Failure:
    """Keep the log of what failed, if there is one and room for it."""
    if not log.exists():
        return Failure(message)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return Failure(message, put_file(log, directory))
    except (OSError, FelloeError):
        return Failure(message)


def _slug(cell: Cell) -> str:
    return cell.label.replace(" ", "-")


def _target(cell: Cell) -> str:
    return f"felloe.target={cell.target}"
