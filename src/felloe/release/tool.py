"""The build frontends that felloe build calls, as command lines: uv, or build and pip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from felloe.python.interpreter import Interpreter

Command = tuple[str, ...]


class Tool(Protocol):
    """What is asked of a frontend. Every answer is a program with its arguments."""

    @property
    def name(self) -> str:
        """What it is called in reports."""

    def build_sdist(self, project: Path, out: Path, config: Sequence[str]) -> Command:
        """Build the sdist of a source tree in isolation."""

    def build_wheel(
        self, python: Interpreter, source: Path, out: Path, config: Sequence[str]
    ) -> Command:
        """Build a wheel of a source tree, or of an sdist, in isolation."""

    def make_environment(self, python: Interpreter, place: Path) -> Command:
        """Make an empty virtual environment."""

    def install(
        self, python: Interpreter, environment: Path, requirements: Sequence[str]
    ) -> Command:
        """Install into an environment that was made with ``python``; ``environment`` is its own."""


@dataclass(frozen=True)
class Uv:
    """uv does all four."""

    program: Path
    own_python: Path
    """What builds the sdist."""
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
        python: Interpreter,  # noqa: ARG002 - uv needs none
        environment: Path,
        requirements: Sequence[str],
    ) -> Command:
        words = ("--python", str(environment), *requirements)
        return (str(self.program), "pip", "install", *words)


@dataclass(frozen=True)
class BuildAndPip:
    """build makes the sdist, pip the wheels, the interpreter's own venv the environments."""

    own_python: Path
    """It has both."""
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
        """pip for ``whom``: the interpreter's own, for ours may be too new for it; else ours."""
        program = python.path if python.has_pip else self.own_python
        words = ("-m", "pip", "--disable-pip-version-check")
        return (str(program), *words, *(() if program == whom else ("--python", str(whom))))


def _config_words(config: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for item in config for word in ("--config-setting", item))
