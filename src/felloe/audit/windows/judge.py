"""Judge the Windows tags of a wheel by its PE files: machine and needed DLLs.

The tags ``win32``, ``win_amd64`` and ``win_arm64`` name a machine and no version
of Windows (PEP 425, :func:`sysconfig.get_platform`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from posixpath import basename
from typing import NamedTuple

from felloe.audit.evidence import Evidence
from felloe.audit.object import Role
from felloe.audit.platform import (
    ONE_MACHINE,
    MissingLibrary,
    PlatformVerdict,
    explain_missing,
    find_strangers,
    list_paths,
)
from felloe.audit.policy.system import WindowsSystem
from felloe.audit.windows.object import PeObject, find_python_dll
from felloe.finding import Finding
from felloe.wheel.tags import WheelName

_MACHINES = {"win32": "win32", "win_amd64": "amd64", "win_arm64": "arm64"}
"""Platform tag -> its name in the suffix of a ``.pyd``."""

_STARTS = {"win_amd64": ("win32",), "win_arm64": ("win32", "win_amd64")}
"""Platform tag -> the other machines whose programs such a Windows starts (WOW64, emulation)."""


def judge_windows(
    evidence: Evidence,
    claim: WheelName,
    waived: frozenset[str],
    *,
    read_system: Callable[[str], WindowsSystem],
) -> PlatformVerdict:
    """Judge Windows tags by the PE files of the wheel.

    .NET code is for any machine, so it proves and refuses nothing. ``waived``
    are needed names that the user's machine is known to have.
    """
    tags = claim.platforms
    native = [item for item in evidence.pe_objects if not item.pe.is_managed]
    own = [item for item in native if item.pe.platform in tags]
    foreign = [item for item in native if item.pe.platform not in tags]
    said = ".".join(tags)
    strange, notes = find_strangers(evidence, PeObject, "Windows", said)
    problems = [
        *strange,
        *(_misplaced(item, said) for item in foreign if item.module),
        *_misnamed(own),
    ]
    if not problems:
        problems += [_nothing_proves(tag) for tag in tags if not _has_any(native, tag)]
    found = _find_missing(own, waived, read_system)
    proved = tuple(sorted({x.pe.platform for x in native if x.pe.platform and x.module}))
    return PlatformVerdict(
        platforms=proved if problems and len(proved) == 1 else tags,
        problems=tuple(problems),
        accepted=tags,
        shortfalls=tuple(explain_missing(found.missing, "Windows")),
        missing=tuple(found.missing),
        notes=(
            *notes,
            *map(_unaudited, (x for x in foreign if not x.module)),
            *map(_late, found.late),
            *_explain_redistributable(found.redistributable),
        ),
    )


def _unaudited(item: PeObject) -> Finding:
    return Finding(f"{item.path} is built for {item.built_for}: not audited", path=item.path)


def _late(found: MissingLibrary) -> Finding:
    return Finding(
        f"{found.path} loads {found.library} when it first calls it: not in the wheel",
        path=found.path,
    )


def _misplaced(item: PeObject, said: str) -> Finding:
    return Finding(
        f"{item.path} is built for {item.built_for}, the wheel's tag says {said}",
        hint=ONE_MACHINE,
        path=item.path,
    )


def _misnamed(own: Sequence[PeObject]) -> Iterator[Finding]:
    """Yield a problem for each module whose suffix no Python on its machine looks for."""
    for item in own:
        module, machine = item.module, _MACHINES.get(item.pe.platform or "")
        if module is None:
            continue
        if not module.suffix.endswith(".pyd"):
            yield Finding(
                f"{item.path} has the suffix {module.suffix}, which Pythons for Windows do not "
                "import",
                hint="name the module with .pyd",
                path=item.path,
            )
        elif module.architecture not in (None, machine):
            yield Finding(
                f"{item.path} is built for {item.built_for} and named for {module.architecture}",
                hint=ONE_MACHINE,
                path=item.path,
            )


def _has_any(native: Sequence[PeObject], tag: str) -> bool:
    """Return True if any file runs on the system of the tag."""
    return any(
        item.pe.platform == tag
        or (item.role is Role.PROGRAM and item.pe.platform in _STARTS.get(tag, ()))
        for item in native
    )


def _nothing_proves(tag: str) -> Finding:
    return Finding(
        f"no binary of the wheel is for what its tag says, {tag}",
        hint="build it with a compiler for that machine, or name the machine that it is for",
    )


class _Missing(NamedTuple):
    """Libraries that neither the wheel nor Windows has, by consequence."""

    missing: list[MissingLibrary]
    redistributable: list[MissingLibrary]
    late: list[MissingLibrary]
    """Loaded at their first call."""


def _find_missing(
    own: Sequence[PeObject], waived: frozenset[str], read_system: Callable[[str], WindowsSystem]
) -> _Missing:
    held = {(item.pe.platform, basename(item.path).lower()) for item in own}
    systems = {platform: read_system(platform) for x in own if (platform := x.pe.platform)}
    found = _Missing([], [], [])
    for item in own:
        system = systems[item.pe.platform or ""]
        is_program = item.role is Role.PROGRAM
        for dll in {entry.name.lower(): entry for entry in reversed(item.pe.dlls)}.values():
            low = dll.name.lower()
            if (item.pe.platform, low) in held or find_python_dll(low) or dll.name in waived:
                continue
            if system.has(low, is_program=is_program):
                continue
            library = MissingLibrary(item.path, dll.name)
            if dll.delayed:
                found.late.append(library)
            elif system.is_redistributable(low) or low in system.beside_python:
                found.redistributable.append(library)
            else:
                found.missing.append(library)
    return found


def _explain_redistributable(found: Sequence[MissingLibrary]) -> Iterator[Finding]:
    """Return one note for the whole C++ runtime."""
    if found:
        names = ", ".join(sorted({item.library for item in found}, key=str.lower))
        paths = list(dict.fromkeys(item.path for item in found))
        yield Finding(
            f"{names} of Microsoft's C++ runtime, which is not a part of Windows: needed by "
            f"{list_paths(paths)}",
            hint="most machines have it, from the Visual C++ Redistributable; to depend on no "
            "other installer link it statically (CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded) or "
            "copy it into the wheel",
            path=paths[0],
        )
