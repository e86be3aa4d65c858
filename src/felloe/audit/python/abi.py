"""Judge the python and ABI tags of a wheel: which interpreters can load it.

A tag pair holds when every extension module of the wheel has a file that such
an interpreter loads, and when every object that imports the C API stays within
what the pair promises. Sources: PEP 425 (tags), 384 (abi3), 703 (``t``), 803
(abi3t), and CPython's list of extension suffixes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from felloe.audit.evidence import Evidence
from felloe.audit.hint import PY_API
from felloe.audit.object import Role
from felloe.audit.python.extension import Abi
from felloe.audit.python.gil import explain_gil_use
from felloe.audit.python.module_file import (
    ABI3T_FLOOR,
    STABLE,
    Modules,
    find_unloadable,
    group_modules,
    is_abi3t,
    is_tagged_stable,
)
from felloe.audit.python.stability import find_floor, judge_stability
from felloe.finding import Finding
from felloe.wheel.tags import WheelName, python_version


@dataclass(frozen=True)
class AbiVerdict:
    """The python and ABI tags that a wheel may have, and findings about the claimed ones."""

    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    problems: tuple[Finding, ...]
    """Claims that the files do not prove."""
    notes: tuple[Finding, ...]


def judge_abi(
    evidence: Evidence, claim: WheelName, waived: frozenset[str] = frozenset()
) -> AbiVerdict:
    """Judge the python and ABI tags of ``claim`` by the wheel's binaries.

    ``waived`` are needed libraries that are on the user's machine.
    """
    modules = group_modules(evidence)
    bound = (
        bool(modules)
        or evidence.has_bytecode
        or any(item.python_imports for item in evidence.files)
    )
    stability = judge_stability(evidence, claim, waived)
    problems = [
        *_reserved_tags(claim),
        *find_unloadable(modules, claim),
        *stability.problems,
        *_dll_problems(evidence, claim),
    ]
    if any(abi.endswith("t") for abi in claim.abis):
        uses = {item.path: item.gil for item in evidence.objects if item.gil}
        stability.notes.extend(explain_gil_use(uses))
    notes = [*stability.notes, *_uninitialized(evidence), *_wider_proof(modules, claim)]
    pythons, abis = (
        _prove_tags(modules, claim, find_floor(evidence))
        if problems
        else (claim.pythons, claim.abis)
    )
    if not bound and evidence.has_binaries and _is_narrow(claim):
        pythons, abis = ("py3",), ("none",)
    elif is_abi3t(modules) and set(abis) <= set(STABLE):
        abis = STABLE
    return AbiVerdict(pythons, abis, tuple(problems), tuple(notes))


def _is_narrow(claim: WheelName) -> bool:
    """Return True for tags of one Python 3, which a wheel without the C API does not need."""
    versions = filter(None, map(python_version, claim.pythons))
    return not {"none", *STABLE} & set(claim.abis) and all(major >= 3 for major, _ in versions)


def _dll_problems(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    if evidence.pe_objects:
        from felloe.audit.windows.python_dll import find_dll_problems

        yield from find_dll_problems(evidence, claim)


def _prove_tags(
    modules: Modules, claim: WheelName, needed: tuple[int, int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tags that the files prove; the claimed ones if they prove none."""
    names = [file.name for files in modules.values() for file in files]
    versions = {(name.python_tag, name.abi_tag) for name in names if name.abi is Abi.VERSION}
    if len(versions) == 1:
        ((python, abi),) = versions
        return (python or "",), (abi or "",)
    if versions or not names or any(name.abi is Abi.UNTAGGED for name in names):
        return claim.pythons, claim.abis
    new = any(name.abi is Abi.ABI3T or is_tagged_stable(name) for name in names)
    floors = [version for version in map(python_version, claim.pythons) if version]
    floors = [max(version, needed) for version in floors] or [needed]
    if new:
        floors = [max(version, ABI3T_FLOOR) for version in floors]
    pythons = tuple(f"cp{major}{minor}" for major, minor in floors)
    return pythons, STABLE if is_abi3t(modules) else ("abi3",)


def _uninitialized(evidence: Evidence) -> Iterator[Finding]:
    """Yield a note for each file named like a module without its init function."""
    for item in evidence.files:
        if item.role is Role.MODULE and item.module and not item.initializes:
            init, export, *_ = item.module.init_names()
            yield Finding(
                f"{item.path} exports neither {init} nor {export}: importing it will fail",
                hint="give the target the name of the module it defines",
                path=item.path,
            )


def _wider_proof(modules: Modules, claim: WheelName) -> Iterator[Finding]:
    stable = all(
        any(file.name.abi in (Abi.ABI3, Abi.ABI3T) for file in files) for files in modules.values()
    )
    if modules and stable and not set(STABLE) & set(claim.abis):
        yield Finding(
            f"every module of the wheel is built for the stable ABI, its tag "
            f"{'.'.join(claim.pythons)}-{'.'.join(claim.abis)} names one version",
            hint=f'declare the oldest Python it works with: {PY_API}, such as "cp39"',
        )


def _reserved_tags(claim: WheelName) -> Iterator[Finding]:
    """Yield a problem for each tag that no interpreter looks for."""
    for python in claim.pythons:
        if python.startswith("cp") and python.endswith("t"):
            yield Finding(
                f"no interpreter installs a wheel with the python tag {python}",
                hint=f"set {PY_API} without the t; free-threading belongs to the ABI tag",
            )
        version = python_version(python)
        if "abi3t" in claim.abis and version and version < ABI3T_FLOOR:
            yield Finding(
                f"{python}-abi3t does not exist: abi3t begins with Python 3.15 (PEP 803)",
                hint=f"set {PY_API} to cp315t or later",
            )
