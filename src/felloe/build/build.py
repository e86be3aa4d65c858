"""One call of a hook: the engine at hand, and what was asked of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from felloe.build.engine import Engine
from felloe.config.project import Project
from felloe.config.settings import ConfigSettings, Settings
from felloe.errors import FelloeError


@dataclass(frozen=True)
class Build:
    """What every story of a build begins with."""

    project: Project
    engine: Engine
    engine_config: ConfigSettings | None
    """The frontend's config settings without ours."""
    settings: Settings
    environ: Mapping[str, str]

    def cmake_args(self) -> list[str]:
        """The words of ``CMAKE_ARGS``. Raises :class:`FelloeError` where a quote does not end."""
        import shlex

        text = self.environ.get("CMAKE_ARGS", "")
        try:
            return shlex.split(text)
        except ValueError as cause:
            raise FelloeError(
                f"CMAKE_ARGS cannot be split into words, {text!r}: {cause}",
                hint="quote it as a shell's command line",
            ) from cause
