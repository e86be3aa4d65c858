"""Give a wheel other tags, if its binaries prove them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from felloe.audit.wheel_file import Auditor
from felloe.errors import FelloeError, UsageError
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.tags import WheelName, parse_wheel_name
from felloe.wheel.wheel_file import retag
from felloe.wheel.writer import write_wheel


@dataclass(frozen=True)
class TagChange:
    """A change of tags: a value replaces a set, ``+`` adds to it and ``-`` removes from it."""

    python: str | None = None
    abi: str | None = None
    platform: str | None = None
    build: str | None = None
    """Empty for no build number; None for the one that is there."""


def retag_wheel(wheel: Path, change: TagChange, epoch: int, auditor: Auditor) -> Path | None:
    """Write the wheel under other tags beside itself. Return the file, None if nothing changes.

    Raises :class:`FelloeError` with everything that the new tags promise and the
    binaries do not prove.
    """
    with open_wheel(wheel) as staged:
        name = apply(change, staged.name)
        if name == staged.name:
            return None
        check_tags_proved(staged, name, auditor)
        return write_wheel(retag(staged, name), wheel.parent, epoch)


def apply(change: TagChange, name: WheelName) -> WheelName:
    """Return the changed name. Raises :class:`UsageError`."""
    pythons = _apply(change.python, name.pythons, "--python-tag")
    abis = _apply(change.abi, name.abis, "--abi-tag")
    platforms = _apply(change.platform, name.platforms, "--platform-tag")
    changed = name.with_tags(pythons, abis, platforms)
    if change.build is not None:
        changed = replace(changed, build=change.build)
    parse_wheel_name(changed.filename)  # what was given may be no tag at all
    return changed


def _apply(text: str | None, tags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    if text is None:
        return tags
    sign, listed = text[:1], text.lstrip("+-").split(".")
    if sign == "+":
        return (*tags, *listed)
    if sign != "-":
        return tuple(listed)
    absent = [tag for tag in listed if tag not in tags]
    if absent:
        raise UsageError(f"{flag} {text}: the wheel has no {', '.join(absent)}")
    left = tuple(tag for tag in tags if tag not in listed)
    if not left:
        raise UsageError(f"{flag} {text}: no tag would be left")
    return left


def check_tags_proved(staged: StagedWheel, name: WheelName, auditor: Auditor) -> None:
    """Raise :class:`FelloeError` if ``name`` promises more than the binaries prove."""
    verdict = auditor.audit(staged, name).verdict
    if verdict.faults:
        hints = dict.fromkeys(problem.hint for problem in verdict.faults if problem.hint)
        raise FelloeError(
            f"no wheel is written as {name.filename}:\n"
            + "\n".join(problem.message for problem in verdict.faults),
            hint="; ".join(hints) or "see with `felloe audit` what its files prove",
        )
