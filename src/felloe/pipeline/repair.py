"""The story of a repair: open any wheel file, finish it, write it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.archive.wheel import open_wheel, write_wheel
from felloe.pipeline.finish import finish
from felloe.pipeline.graft import Workshop
from felloe.policy.family import Policies
from felloe.settings import Settings
from felloe.tags import WheelName
from felloe.verdict import find_architecture


def repair_wheel(
    wheel: Path,
    directory: Path,
    settings: Settings,
    policies: Policies,
    environ: Mapping[str, str],
) -> Path:
    """Write a wheel that holds what ``wheel`` needs to ``directory``."""
    with TemporaryDirectory(prefix="felloe-") as scratch, open_wheel(wheel) as staged:
        workshop = Workshop(settings, policies, environ, Path(scratch))
        libc = "musl" if any(tag.startswith("musl") for tag in staged.name.platforms) else "glibc"
        finished = finish(staged, _unclaimed(staged.name), libc, workshop)
        return write_wheel(finished, directory, settings.epoch)


def _unclaimed(name: WheelName) -> WheelName:
    """The name without a platform policy: which one holds is what a repair finds out."""
    architecture = find_architecture(name.platforms)
    if architecture is None:
        return name
    return name.with_tags(name.pythons, name.abis, [f"linux_{architecture}"])
