"""Build one wheel of a release in isolation, and test it in a new environment."""

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
from felloe.release.frontend import Frontend
from felloe.release.matrix import HERE, MatrixEntry
from felloe.release.process import Children
from felloe.release.result import BuiltWheel, Proof, TestResult, TestStatus
from felloe.wheel.atomic_write import placing
from felloe.wheel.digest import hash_file
from felloe.wheel.tags import parse_wheel_name

_CHUNK = 1 << 20


class Failed(Exception):
    """A build or test failed; its log has the details."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class WheelJob:
    """Builds and tests the wheels of a release; holds what all of them need."""

    frontend: Frontend
    children: Children
    scratch: Path
    """An empty directory that is deleted afterwards."""
    project: Path
    """The source tree: ``{project}`` in the tests."""
    source: Path
    """The sdist that wheels are built from, or the tree that it unpacks to."""
    config: tuple[str, ...]
    """``KEY=VALUE`` for the backend."""
    table: BuildTable
    environ: Mapping[str, str]
    policies: Policies

    def log(self, entry: MatrixEntry, verb: str) -> Path:
        """Return the log of a build or a test."""
        return self.scratch / f"{_slug(entry)}-{verb}.log"

    def build(self, entry: MatrixEntry, jobs: int) -> tuple[BuiltWheel, float]:
        """Build the entry's wheel in the scratch directory. Return it, and the seconds.

        Raises :class:`Failed`.
        """
        out = self.scratch / f"{_slug(entry)}-wheel"
        out.mkdir()
        config = self.config if entry.target == HERE else (*self.config, _target(entry))
        command = self.frontend.build_wheel(entry.interpreter, self.source, out, config)
        environ = {**self.environ, "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs)}
        began = time.monotonic()
        self._run(command, self.log(entry, "build"), environ, out)
        wheels = list(out.glob("*.whl"))
        if len(wheels) != 1:
            raise Failed(f"the build left {len(wheels)} wheels")
        return inspect_wheel(wheels[0], self.policies), time.monotonic() - began

    def test(self, entry: MatrixEntry, wheel: Path) -> TestResult:
        """Install the wheel into a new environment and run the tests outside of the source tree.

        Raises :class:`Failed`.
        """
        began = time.monotonic()
        log = self.log(entry, "test")
        place = self.scratch / f"{_slug(entry)}-test"
        place.mkdir()
        self._copy_sources(place)
        environment = self.scratch / f"{_slug(entry)}-environment"
        python = entry.interpreter.find_in(environment)
        path = os.pathsep.join((str(python.parent), self.environ.get("PATH", "")))
        environ = {**self.environ, "VIRTUAL_ENV": str(environment), "PATH": path}
        environ["PYTHONNOUSERSITE"] = "1"
        make = self.frontend.make_environment(entry.interpreter, environment)
        requirements = self._requirements(wheel)
        install = self.frontend.install(entry.interpreter, python, requirements)
        for command in (make, install):
            self._run(command, log, self.environ, place)
        for text in self.table.test:
            words = [word.replace("{project}", str(self.project)) for word in shlex.split(text)]
            self._run(words, log, environ, place)
        return TestResult(TestStatus.PASSED, time.monotonic() - began)

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
    """Audit a wheel file. Raises :class:`Failed` if its tags are not true."""
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
    """Copy a file into a directory, whole or not at all."""
    path = directory / source.name
    with source.open("rb") as whole, placing(path) as (file, _):
        shutil.copyfileobj(whole, file, _CHUNK)
    return path


def _slug(entry: MatrixEntry) -> str:
    return entry.label.replace(" ", "-")


def _target(entry: MatrixEntry) -> str:
    return f"felloe.target={entry.target}"
