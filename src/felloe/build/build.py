"""The value that a hook passes on: the project, the settings and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from felloe.build.engine import Engine
from felloe.config.project import Project
from felloe.config.settings import ConfigSettings, Settings, runs_in_ci
from felloe.config.skbuild import SkbuildSettings
from felloe.errors import FelloeError


@dataclass(frozen=True)
class Build:
    """Everything that a build depends on before it starts.

    A step that changes the interpreter or the variables makes another value
    with :func:`dataclasses.replace`; :attr:`engine` is derived from it.
    """

    project: Project
    settings: Settings
    engine_config: ConfigSettings | None
    """The frontend's config settings without felloe's own."""
    environ: Mapping[str, str]
    """Environment variables of the engine and of every program it starts."""
    python: str
    """The interpreter that runs the engine."""
    locks: tuple[int, ...] = ()
    """File descriptors of locks that the engine's process keeps open."""

    @property
    def engine(self) -> Engine:
        """The engine in this environment."""
        return Engine(self.project.root, self.python, self.environ, self.locks)

    @property
    def compiles(self) -> bool:
        """True if the engine runs CMake."""
        return self.skbuild.get_bool("wheel", "cmake", default=True)

    @property
    def skbuild(self) -> SkbuildSettings:
        """The settings of the engine."""
        return self.project.skbuild(self.engine_config, self.environ)

    @property
    def in_ci(self) -> bool:
        """True if the build runs in a CI service."""
        return runs_in_ci(self.environ)

    def holding(self, descriptor: int) -> Build:
        """Return the build whose engine keeps a lock, even if this process is killed."""
        return replace(self, locks=(*self.locks, descriptor))

    def cmake_args(self) -> list[str]:
        """Split ``CMAKE_ARGS``. Raise :class:`FelloeError` if a quote does not end."""
        import shlex

        text = self.environ.get("CMAKE_ARGS", "")
        try:
            return shlex.split(text)
        except ValueError as cause:
            raise FelloeError(
                f"CMAKE_ARGS cannot be split into words, {text!r}: {cause}",
                hint="quote it like a shell command line",
            ) from cause
