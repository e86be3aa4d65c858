"""Which interpreters can load a wheel: the truth of its python and ABI tags.

A tag pair holds when every extension module of the wheel has a file that such
an interpreter loads, and when every object that imports the C API stays within
what the pair promises. Sources: PEP 425 (tags), 384 (abi3), 703 (``t``), 803
(abi3t), and CPython's list of extension suffixes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from posixpath import dirname

from felloe.audit.evidence import AuditedObject, Evidence, Role
from felloe.extension import Abi, ModuleName
from felloe.finding import Finding
from felloe.stable_abi import Violation, find_violations
from felloe.tags import WheelName, python_version

_ABI3T_FLOOR = (3, 15)
_TWO_ABIS = (3, 13)  # PEP 703: the GIL's and the free-threaded
_STABLE = ("abi3", "abi3t")

_PYBIND11 = "pybind11 has no limited API, so its modules work with one Python version each"
_PY_API = "`wheel.py-api` in [tool.scikit-build]"
_USE_SABI = (
    "build the module for the stable ABI (Python_add_library(… USE_SABI "
    "${SKBUILD_SABI_VERSION} WITH_SOABI)) or remove " + _PY_API
)


_STABLE_HINTS = {
    Abi.ABI3: 'give the target the SUFFIX ".abi3.so", which every Python imports, and set '
    f"{_PY_API} without the t",
    Abi.ABI3T: f"raise {_PY_API} to cp315t",
}


@dataclass(frozen=True)
class AbiVerdict:
    """The python and ABI tags a wheel may carry, and what is wrong or odd about the claim."""

    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    problems: tuple[Finding, ...]
    """Ways in which the claim promises more than the files prove."""
    notes: tuple[Finding, ...]


@dataclass(frozen=True)
class _ModuleFile:
    """One file that implements an extension module."""

    path: str
    name: ModuleName
    pybind11: bool = False


def judge_abi(evidence: Evidence, claim: WheelName) -> AbiVerdict:
    """Hold the python and ABI tags of ``claim`` against the wheel's binaries."""
    modules = _group_modules(evidence)
    bound = bool(modules) or any(item.python_imports for item in evidence.objects)
    problems = [
        *_reserved_tags(claim),
        *_unloadable(modules, claim),
        *_stable_abi_violations(evidence, claim),
    ]
    notes = [*_uninitialized(evidence), *_wider_proof(modules, claim)]
    pythons, abis = (
        _prove_tags(modules, claim, _needed_floor(evidence, claim))
        if problems
        else (claim.pythons, claim.abis)
    )
    if not bound and evidence.has_binaries and not {"none", *_STABLE} & set(abis):
        pythons, abis = ("py3",), ("none",)
    elif _is_abi3t(modules) and set(abis) <= set(_STABLE):
        abis = _STABLE
    return AbiVerdict(pythons, abis, tuple(problems), tuple(notes))


def _prove_tags(
    modules: dict[tuple[str, str], list[_ModuleFile]], claim: WheelName, needed: tuple[int, int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the files say in place of a false claim; the claim where they are silent."""
    names = [file.name for files in modules.values() for file in files]
    versions = {(name.python_tag, name.abi_tag) for name in names if name.abi is Abi.VERSION}
    if len(versions) == 1:
        ((python, abi),) = versions
        return (python or "",), (abi or "",)
    if versions or not names or any(name.abi is Abi.UNNAMED for name in names):
        return claim.pythons, claim.abis
    new = any(name.abi is Abi.ABI3T or name.suffix != ".abi3.so" for name in names)
    floors = [version for version in map(python_version, claim.pythons) if version]
    floors = [max(version, needed) for version in floors]
    if new:
        floors = [max(version, _ABI3T_FLOOR) for version in floors] or [_ABI3T_FLOOR]
    pythons = tuple(f"cp{major}{minor}" for major, minor in floors) or claim.pythons
    return pythons, _STABLE if _is_abi3t(modules) else ("abi3",)


def _needed_floor(evidence: Evidence, claim: WheelName) -> tuple[int, int]:
    """The Python that first has all that is used of the stable ABI."""
    found = (v for _, _, violations in _violations(evidence, claim) for v in violations)
    return max((violation.added for violation in found if violation.added), default=(3, 2))


def _group_modules(evidence: Evidence) -> dict[tuple[str, str], list[_ModuleFile]]:
    """(package directory, module name) -> the files that implement it."""
    found: dict[tuple[str, str], list[_ModuleFile]] = defaultdict(list)
    files = [
        _ModuleFile(item.path, item.module, item.pybind11)
        for item in evidence.objects
        if item.module
    ]
    files += [_ModuleFile(item.path, item.module) for item in evidence.opaque if item.module]
    for file in files:
        found[dirname(file.path), file.name.stem].append(file)
    return found


def _reserved_tags(claim: WheelName) -> Iterator[Finding]:
    """Tags that no interpreter will ever look for."""
    for python in claim.pythons:
        if python.startswith("cp") and python.endswith("t"):
            yield Finding(
                f"no interpreter installs a wheel with the python tag {python}",
                hint=f"set {_PY_API} without the t; free-threading belongs to the ABI tag",
            )
        version = python_version(python)
        if "abi3t" in claim.abis and version and version < _ABI3T_FLOOR:
            yield Finding(
                f"{python}-abi3t does not exist: abi3t begins with Python 3.15 (PEP 803)",
                hint=f"set {_PY_API} to cp315t or later",
            )


def _unloadable(
    modules: dict[tuple[str, str], list[_ModuleFile]], claim: WheelName
) -> Iterator[Finding]:
    """Modules that some interpreter named by the claim has no file of."""
    for files in modules.values():
        for python, abi in product(claim.pythons, claim.abis):
            if not _is_reserved(python, abi) and not any(
                _loads(file.name, python, abi) for file in files
            ):
                yield _unloadable_finding(files, python, abi)
                break


def _is_reserved(python: str, abi: str) -> bool:
    """Whether :func:`_reserved_tags` has said all there is to say."""
    version = python_version(python)
    if version is None:
        return python.endswith("t")
    return abi == "abi3t" and version < _ABI3T_FLOOR


def _loads(name: ModuleName, python: str, abi: str) -> bool:
    """Whether an interpreter for which a ``python-abi`` wheel is right loads the file."""
    version = python_version(python)
    new = version is not None and version >= _ABI3T_FLOOR
    if name.abi is Abi.UNNAMED:
        return abi != "none" or not python.startswith("py")
    if name.abi is Abi.ABI3T:
        return new and abi != "none"
    if name.abi is Abi.ABI3:
        tagged_suffix = name.suffix != ".abi3.so"
        free_threaded = abi == "abi3t" or (abi.startswith("cp") and abi.endswith("t"))
        return python.startswith("cp") and not free_threaded and (new or not tagged_suffix)
    if abi == "none":
        # Since 3.13 two ABIs share cp3XX; a debug build has never had a tag of its own there.
        shared = python.startswith("cp") and version is not None and version >= _TWO_ABIS
        return name.python_tag == python and not shared
    return (name.python_tag, name.abi_tag) == (python, abi)


def _unloadable_finding(files: Sequence[_ModuleFile], python: str, abi: str) -> Finding:
    file = files[0]
    if file.pybind11 and abi in _STABLE:
        hint = f"{_PYBIND11}; remove {_PY_API}"
    elif abi in _STABLE:
        hint = _STABLE_HINTS.get(file.name.abi, _USE_SABI)
    elif abi == "none":
        hint = f"set {_PY_API} to nothing, or to the Python version the module is for"
    else:
        hint = f"build with the Python that the tag names, or correct {_PY_API} or `wheel.tags`"
    return Finding(
        f"{file.path} {_describe(file.name)}; the tag {python}-{abi} promises "
        f"{_describe_tag(python, abi)}",
        hint=hint,
        path=file.path,
    )


def _describe(name: ModuleName) -> str:
    if name.abi is Abi.VERSION:
        return f"works with {name.abi_tag} alone"
    if name.abi is Abi.ABI3T:
        return "works with CPython 3.15 and later"
    if name.abi is Abi.ABI3 and name.suffix != ".abi3.so":
        return f"has the suffix {name.suffix}, which Python 3.14 and older do not import"
    if name.abi is Abi.ABI3:
        return "works with the stable ABI of builds with the GIL"
    return "is bound to the Python it was built with"


def _describe_tag(python: str, abi: str) -> str:
    version = python_version(python)
    dotted = ".".join(map(str, version)) if version else ""
    if abi == "abi3":
        return f"every CPython from {dotted} on"
    if abi == "abi3t":
        return f"every free-threaded CPython from {dotted} on"
    if abi == "none":
        return f"every Python {dotted or 3}"
    return f"exactly {abi}"


def _is_abi3t(modules: dict[tuple[str, str], list[_ModuleFile]]) -> bool:
    return bool(modules) and all(
        any(file.name.abi is Abi.ABI3T for file in files) for files in modules.values()
    )


def _stable_abi_violations(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    for item, floor, violations in _violations(evidence, claim):
        yield _violation_finding(item, floor, violations)


def _violations(
    evidence: Evidence, claim: WheelName
) -> Iterator[tuple[AuditedObject, tuple[int, int], Sequence[Violation]]]:
    versions = [version for version in map(python_version, claim.pythons) if version]
    if not set(_STABLE) & set(claim.abis) or not versions:
        return
    floor = min(versions)
    own = frozenset(name for item in evidence.objects for name in item.python_exports)
    for item in evidence.objects:
        if item.module is not None and item.module.abi is Abi.VERSION:
            continue  # not what an abi3 interpreter loads; judged by its suffix
        used = (s.name for s in item.python_imports if not s.weak and s.name not in own)
        violations = find_violations(used, floor)
        if violations:
            yield item, floor, violations


def _violation_finding(
    item: AuditedObject, floor: tuple[int, int], violations: Sequence[Violation]
) -> Finding:
    lines = [f"{item.path} breaks the stable ABI of Python {_dotted(floor)} it promises:"]
    for violation in violations:
        since = "not in the stable ABI"
        if violation.added:
            since = f"in the stable ABI since Python {_dotted(violation.added)}"
        lines.append(f"  {violation.symbol}: {since}")
    if item.pybind11:
        return Finding("\n".join(lines), hint=f"{_PYBIND11}; remove {_PY_API}", path=item.path)
    added = [violation.added for violation in violations]
    needed = max((version for version in added if version), default=None)
    ways = ["drop the calls (Py_LIMITED_API makes the compiler refuse them)"]
    if needed and None not in added:
        ways.insert(0, f"raise {_PY_API} to cp{needed[0]}{needed[1]}")
    elif needed:
        ways.insert(0, f"remove {_PY_API}")
    else:
        ways.insert(0, f"remove {_PY_API}")
    return Finding("\n".join(lines), hint=", or ".join(ways), path=item.path)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _uninitialized(evidence: Evidence) -> Iterator[Finding]:
    """Files named like modules that no import can initialize."""
    for item in evidence.objects:
        if item.role is Role.MODULE and item.module and not item.initializes:
            init, export, *_ = item.module.init_names()
            yield Finding(
                f"{item.path} exports neither {init} nor {export}: importing it will fail",
                hint="give the target the name of the module it defines",
                path=item.path,
            )


def _wider_proof(
    modules: dict[tuple[str, str], list[_ModuleFile]], claim: WheelName
) -> Iterator[Finding]:
    stable = all(
        any(file.name.abi in (Abi.ABI3, Abi.ABI3T) for file in files) for files in modules.values()
    )
    if modules and stable and not set(_STABLE) & set(claim.abis):
        yield Finding(
            f"every module of the wheel is built for the stable ABI, its tag "
            f"{'.'.join(claim.pythons)}-{'.'.join(claim.abis)} names one version",
            hint=f'declare the oldest Python it works with: {_PY_API}, such as "cp39"',
        )
