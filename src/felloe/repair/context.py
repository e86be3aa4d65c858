"""Everything that a repair depends on besides the wheel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from felloe.audit.policy.family import Policies
from felloe.config.settings import Settings


@dataclass(frozen=True)
class RepairContext:
    """Everything that a repair depends on besides the wheel."""

    settings: Settings
    policies: Policies
    environ: Mapping[str, str]
    scratch: Path
    """A directory that outlives the repair."""

    def make_directory(self, name: str) -> Path:
        """Return a directory in it, which is made if it is not there."""
        place = self.scratch / name
        place.mkdir(exist_ok=True)
        return place
