"""The command lines of the build frontends: uv, or build and pip."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from felloe.errors import UsageError
from felloe.python.interpreter import Interpreter

Command = tuple[str, ...]


class Frontend(Protocol):
    """A frontend. Every method returns a program with its arguments."""

    @property
    def name(self) -> str:
        """The name in reports."""

    def build_sdist(self, project: Path, out: Path, config: Sequence[str]) -> Command:
        """Build the sdist of a source tree in isolation."""

    def build_wheel(
        self, python: Interpreter, source: Path, out: Path, config: Sequence[str]
    ) -> Command:
        """Build a wheel of a source tree, or of an sdist, in isolation."""

    def make_environment(self, python: Interpreter, place: Path) -> Command:
        """Create a virtual environment."""

    def install(
        self, python: Interpreter, environment: Path, requirements: Sequence[str]
    ) -> Command:
        """Install into an environment of ``python``; ``environment`` is its interpreter."""


@dataclass(frozen=True)
class Uv:
    """Frontend that uses uv."""

    program: Path
    own_python: Path
    """The interpreter that builds the sdist."""
    name: str = "uv"

    def build_sdist(self, project: Path, out: Path, config: Sequence[str]) -> Command:
        return self._build("--sdist", self.own_python, project, out, config)

    def build_wheel(
        self, python: Interpreter, source: Path, out: Path, config: Sequence[str]
    ) -> Command:
        return self._build("--wheel", python.path, source, out, config)

    def _build(
        self, kind: str, python: Path, source: Path, out: Path, config: Sequence[str]
    ) -> Command:
        words = (kind, "--no-create-gitignore", "--python", str(python), "--out-dir", str(out))
        return (str(self.program), "build", *words, *_config_words(config), "--", str(source))

    def make_environment(self, python: Interpreter, place: Path) -> Command:
        return (str(self.program), "venv", "--no-project", "--python", str(python.path), str(place))

    def install(
        self,
        python: Interpreter,  # noqa: ARG002 - uv does not need it
        environment: Path,
        requirements: Sequence[str],
    ) -> Command:
        words = ("--python", str(environment), *requirements)
        return (str(self.program), "pip", "install", *words)


@dataclass(frozen=True)
class BuildAndPip:
    """Frontend that uses build for sdists, pip for wheels, and the module venv for environments."""

    own_python: Path
    """The interpreter that has both installed."""
    name: str = "pip"

    def build_sdist(self, project: Path, out: Path, config: Sequence[str]) -> Command:
        words = ("--sdist", "--outdir", str(out), *_config_words(config), str(project))
        return (str(self.own_python), "-m", "build", *words)

    def build_wheel(
        self, python: Interpreter, source: Path, out: Path, config: Sequence[str]
    ) -> Command:
        words = ("wheel", "--no-deps", "--wheel-dir", str(out), *_config_words(config))
        return (*self._pip(python, python.path), *words, str(source))

    def make_environment(self, python: Interpreter, place: Path) -> Command:
        return (str(python.path), "-I", "-m", "venv", "--without-pip", str(place))

    def install(
        self, python: Interpreter, environment: Path, requirements: Sequence[str]
    ) -> Command:
        return (*self._pip(python, environment), "install", *requirements)

    def _pip(self, python: Interpreter, whom: Path) -> Command:
        """Return pip for ``whom``: its own, because ours may be too new for it, else ours."""
        program = python.path if python.has_pip else self.own_python
        words = ("-m", "pip", "--disable-pip-version-check")
        return (str(program), *words, *(() if program == whom else ("--python", str(whom))))


def _config_words(config: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for item in config for word in ("--config-setting", item))


def find_frontend(wanted: str, running: Path, environ: Mapping[str, str]) -> Frontend:
    """Return uv if it is installed and ``wanted`` is ``auto`` or ``uv``, else build and pip.

    Raises :class:`UsageError` if the wanted frontend is not installed.
    """
    here = str(running.parent)
    program = shutil.which("uv", path=environ.get("PATH")) or shutil.which("uv", path=here)
    if wanted in ("auto", "uv") and program is not None:
        return Uv(Path(program), running)
    if wanted == "uv":
        raise UsageError("uv is not installed", hint="install it: `pip install uv`")
    missing = [name for name in ("build", "pip") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{running} needs {' and '.join(missing)} to build without uv",
            hint="install uv, or `pip install build` beside felloe",
        )
    return BuildAndPip(running)
