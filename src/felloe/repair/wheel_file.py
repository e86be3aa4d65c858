"""Repair a wheel file: open it, finish it, write it to a directory."""

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
from felloe.repair.context import RepairContext
from felloe.repair.finish import Finished, complete, report
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.tags import WheelName
from felloe.wheel.writer import write_wheel


@dataclass(frozen=True)
class Repair:
    """The outcome of a repair."""

    before: WheelName
    finished: Finished
    """Its members can no longer be read."""
    written: Path | None
    """None if there was a violation, and the settings make that an error."""


def repair_wheel(
    wheel: Path,
    directory: Path,
    settings: Settings,
    policies: Policies,
    environ: Mapping[str, str],
) -> Repair:
    """Write ``wheel``, with the libraries that it needs, to ``directory``.

    Raises :class:`felloe.errors.FelloeError` if it cannot be made.
    """
    with TemporaryDirectory(prefix="felloe-") as scratch, open_wheel(wheel) as staged:
        context = RepairContext(settings, policies, environ, Path(scratch))
        claim = _unclaimed(staged, policies)
        finished = complete(staged, claim, staged.name.libc, context)
        if finished.violation is not None and settings.on_violation == "error":
            return Repair(staged.name, finished, None)
        report(finished)
        written = write_wheel(finished.staged, directory, settings.epoch)
        return Repair(staged.name, finished, written)


def _unclaimed(staged: StagedWheel, policies: Policies) -> WheelName:
    """Return the name without a platform policy: the repair finds out which one holds.

    A wheel of programs may be tagged for any machine, by a backend that does not
    know its files.
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
