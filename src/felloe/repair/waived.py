"""Libraries that a repair leaves out of the wheel on purpose."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from packaging.utils import canonicalize_name

from felloe.audit.provider import WaiverRules, find_rule
from felloe.audit.waiver import WAIVER_FILE, Waiver, WaiverReason, render_waivers
from felloe.config.settings import LibrarySettings
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel


def make_rules(settings: LibrarySettings) -> WaiverRules:
    """Return the settings as the audit takes them."""
    provided = {str(canonicalize_name(name)): globs for name, globs in settings.provided_by.items()}
    return WaiverRules(settings.exclude, provided)


def find_waiver(name: str, settings: LibrarySettings) -> Waiver | None:
    """Return the reason why a library is not copied, by the name that needs it."""
    return None if name in settings.include else find_rule(make_rules(settings), name)


def is_waived(name: str, settings: LibrarySettings) -> bool:
    """Tell whether a library is not copied, by the name that needs it."""
    return find_waiver(name, settings) is not None


def is_path_waived(path: str, settings: LibrarySettings) -> bool:
    """Tell whether a library is not copied, by the path where it was found."""
    return any(fnmatchcase(path, glob) for glob in settings.exclude)


def with_waivers(settings: LibrarySettings, waivers: Iterable[Waiver]) -> LibrarySettings:
    """Return settings that leave out these libraries too, unless ``include`` names them."""
    names = tuple(glob.escape(waiver.library) for waiver in waivers)
    return replace(settings, exclude=(*settings.exclude, *names))


def record_waivers(staged: StagedWheel, waivers: Sequence[Waiver]) -> StagedWheel:
    """Return the wheel with a record of the waivers, or without one if there are none."""
    path = f"{staged.dist_info}/{WAIVER_FILE}"
    others = tuple(member for member in staged.members if member.name != path)
    record = [Member.from_bytes(path, render_waivers(waivers))] if waivers else []
    return replace(staged, members=(*others, *record))


def explain_copies(
    names: Iterable[str], known: Iterable[Waiver], settings: LibrarySettings
) -> list[Waiver]:
    """Return ``known`` and a waiver for each other name that a search has left out.

    A name that only its path excludes counts as excluded.
    """
    waivers = {waiver.library: waiver for waiver in known}
    for name in names:
        found = find_waiver(name, settings) or Waiver(name, WaiverReason.EXCLUDE)
        waivers.setdefault(name, replace(found, library=name))
    return list(waivers.values())
