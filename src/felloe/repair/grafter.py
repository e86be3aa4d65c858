"""Choose how libraries are copied into a wheel: by the system that its tags name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from felloe.audit.evidence import Evidence
from felloe.audit.linux.portability import find_family
from felloe.audit.verdict import find_architecture
from felloe.config.settings import LibrarySettings
from felloe.repair.context import RepairContext
from felloe.repair.copied import CopiedLibraries
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import MACOS_TAG, WheelName, is_macos_tag, is_windows_tag


class Grafter(Protocol):
    """Copies the libraries of one wheel."""

    def copy(
        self, settings: LibrarySettings, environ: Mapping[str, str], scratch: Path
    ) -> CopiedLibraries:
        """Return the wheel's changed members and its copies; files go below ``scratch``."""


def find_grafter(
    staged: StagedWheel, evidence: Evidence, claim: WheelName, libc: str, context: RepairContext
) -> Grafter | None:
    """Return the grafter for the tags of ``claim``.

    None if nothing can be copied or the settings want nothing copied.
    """
    if context.settings.platform == "linux":
        return None
    if all(map(is_macos_tag, claim.platforms)):
        return _find_macos(staged, evidence, claim)
    if len(claim.platforms) == 1 and is_windows_tag(claim.platforms[0]):
        return _find_windows(staged, evidence, claim.platforms[0])
    return _find_linux(staged, evidence, claim, libc, context)


def _find_linux(
    staged: StagedWheel, evidence: Evidence, claim: WheelName, libc: str, context: RepairContext
) -> Grafter | None:
    architecture = find_architecture(claim.platforms)
    if architecture is None:
        return None
    own = [item for item in evidence.objects if item.elf.architecture == architecture]
    family = find_family(own, architecture, libc, context.policies)
    if not own or family is None:
        return None
    from felloe.repair.linux.graft import LinuxGraft

    return LinuxGraft(staged, own, family, context.settings.strip)


def _find_macos(staged: StagedWheel, evidence: Evidence, claim: WheelName) -> Grafter | None:
    if not evidence.mach_objects:
        return None
    from felloe.audit.policy.system import read_macos_system
    from felloe.repair.macos.graft import MacosGraft

    system = read_macos_system()
    matches = filter(None, map(MACOS_TAG.fullmatch, claim.platforms))
    cpus = {cpu for match in matches for cpu in system.expand(match["architecture"])}
    return MacosGraft(staged, evidence.mach_objects, frozenset(cpus), system)


def _find_windows(staged: StagedWheel, evidence: Evidence, platform: str) -> Grafter | None:
    if not evidence.pe_objects:
        return None
    from felloe.audit.policy.system import read_windows_system
    from felloe.repair.windows.graft import WindowsGraft

    return WindowsGraft(staged, evidence.pe_objects, platform, read_windows_system(platform))
