"""Judge wheels for any machine, wheels without binaries, and systems that are not checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from felloe.audit.evidence import Evidence
from felloe.audit.hint import PLATLIB, PURE
from felloe.audit.object import AuditedFile, Role
from felloe.audit.platform import ONE_MACHINE, PlatformVerdict, list_paths
from felloe.finding import Finding
from felloe.wheel.tags import WheelName

# Of other systems, such as Android and FreeBSD, the files are ELF as well.
_NO_ELF_TAG = re.compile(r"(ios|(py)?emscripten|pyodide|wasi|aix|cygwin|mingw)_\w+")


def judge_other(evidence: Evidence, claim: WheelName, waived: frozenset[str]) -> PlatformVerdict:
    """Judge such a wheel; its platform tags stay as they are."""
    del waived  # no libraries are judged
    return PlatformVerdict(
        platforms=claim.platforms,
        accepted=claim.platforms,
        problems=tuple(_find_problems(evidence, claim)),
        shortfalls=(),
        missing=(),
        notes=tuple(_find_notes(evidence, claim)),
    )


def _find_problems(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    if not evidence.has_binaries:
        return
    if "any" in claim.platforms:
        yield from _bound(evidence, claim)
    else:
        yield from _misplaced(evidence, claim)


def _misplaced(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    """Yield a problem for each module for Linux under the tag of another system."""
    no_elf = any(map(_NO_ELF_TAG.fullmatch, claim.platforms))
    for item in evidence.objects:
        if item.module is not None and (no_elf or item.libc == "glibc"):
            yield Finding(
                f"{item.path} is built for Linux on {item.elf.architecture or 'another machine'}, "
                f"the wheel's tag says {'.'.join(claim.platforms)}",
                hint=ONE_MACHINE,
                path=item.path,
            )


def _bound(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    """Yield a problem for each file that is bound to a machine under the tag ``any``."""
    several = _find_several(evidence)
    for path, built_for in _bound_to_a_machine(evidence):
        if path not in several:
            yield Finding(
                f"{path} is built for {built_for}, the tag {claim.tag} promises any machine",
                hint=PLATLIB,
                path=path,
            )


def _find_notes(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    """Yield notes about claims that are not checked."""
    if not evidence.has_binaries:
        if claim.platforms != ("any",):
            yield Finding(
                f"the wheel is tagged {claim.tag} and has no binaries",
                hint=f"install() what CMake builds into the wheel, or {PURE}",
            )
        return
    if "any" not in claim.platforms:
        said = ".".join(claim.platforms)
        yield Finding(f"the platform tag {said} is not checked: felloe has no rules for its system")
        return
    alike: dict[str, list[str]] = {}
    for path, built_for in _find_several(evidence).items():
        alike.setdefault(built_for, []).append(path)
    for built_for, paths in alike.items():
        yield Finding(f"{list_paths(paths)}: built for {built_for}, not audited", path=paths[0])


def _find_several(evidence: Evidence) -> dict[str, str]:
    """Return the files that exist for several machines: path -> machine.

    Modules have their like under the same name, all else wherever it is.
    """
    files: list[AuditedFile] = [x for x in evidence.objects if x.elf.architecture]
    files += evidence.mach_objects
    files += [x for x in evidence.pe_objects if x.role is not Role.PROGRAM]
    alike: dict[str, dict[str, str]] = {}
    for item in files:
        if item.role is not Role.OBJECT:
            name = item.module.stem if item.module else ""
            alike.setdefault(name, {})[item.path] = item.built_for
    several = (group for group in alike.values() if len(set(group.values())) > 1)
    return {path: built_for for group in several for path, built_for in group.items()}


def _bound_to_a_machine(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the files bound to a machine; for Windows only modules, not launchers."""
    for item in evidence.objects:
        if item.role is not Role.OBJECT and item.elf.architecture:
            yield item.path, item.elf.architecture
    for mach in evidence.mach_objects:
        if mach.role is not Role.OBJECT:
            yield mach.path, mach.built_for
    for pe in evidence.pe_objects:
        if pe.module is not None:
            yield pe.path, pe.built_for
