"""One call of a hook: the engine at hand, and what was asked of whom."""

from __future__ import annotations

from dataclasses import dataclass

from felloe.engine import Engine
from felloe.settings import ConfigSettings, Settings


@dataclass(frozen=True)
class Build:
    """What every story of a build begins with."""

    engine: Engine
    engine_config: ConfigSettings | None
    """The frontend's config settings without ours."""
    settings: Settings
