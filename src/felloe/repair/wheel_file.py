"""The story of a repair: open any wheel file, finish it, write it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.audit.evidence import audit_members
from felloe.audit.object import Role
from felloe.audit.policy.family import Policies
from felloe.audit.verdict import find_architecture
from felloe.config.settings import Settings
from felloe.repair.finish import Finished, complete, report
from felloe.repair.graft import Workshop
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.tags import WheelName
from felloe.wheel.writer import write_wheel


@dataclass(frozen=True)
class Repair:
    """What came of a repair."""

    before: WheelName
    finished: Finished
    """Its members can be read no more."""
    written: Path | None
    """None if the wanted tags were not reached, and that was to be an error."""


def repair_wheel(
    wheel: Path,
    directory: Path,
    settings: Settings,
    policies: Policies,
    environ: Mapping[str, str],
) -> Repair:
    """Write a wheel that holds what ``wheel`` needs to ``directory``.

    Raises :class:`felloe.errors.FelloeError` if it cannot be made.
    """
    with TemporaryDirectory(prefix="felloe-") as scratch, open_wheel(wheel) as staged:
        workshop = Workshop(settings, policies, environ, Path(scratch))
        claim = _unclaimed(staged, policies)
        finished = complete(staged, claim, staged.name.libc, workshop)
        if finished.violation is not None and settings.on_violation == "error":
            return Repair(staged.name, finished, None)
        report(finished)
        written = write_wheel(finished.staged, directory, settings.epoch)
        return Repair(staged.name, finished, written)


def _unclaimed(staged: StagedWheel, policies: Policies) -> WheelName:
    """The name without a platform policy: which one holds is what a repair finds out.

    A wheel of programs may have been tagged for any machine by a backend that
    did not know what they are.
    """
    name = staged.name
    architecture = find_architecture(name.platforms)
    if name.platforms == ("any",):
        objects = audit_members(staged.members, policies, "glibc").objects
        found = {item.elf.architecture for item in objects if item.role is not Role.OBJECT}
        architecture = found.pop() if len(found) == 1 else None
    if architecture is None:
        return name
    return name.with_tags(name.pythons, name.abis, [f"linux_{architecture}"])
