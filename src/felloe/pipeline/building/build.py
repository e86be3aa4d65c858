"""One call of a hook: the engine at hand, and what was asked of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from felloe.engine import Engine
from felloe.project import Project
from felloe.settings import ConfigSettings, Settings


@dataclass(frozen=True)
class Build:
    """What every story of a build begins with."""

    project: Project
    engine: Engine
    engine_config: ConfigSettings | None
    """The frontend's config settings without ours."""
    settings: Settings
    environ: Mapping[str, str]
