"""Find the files of each module of a wheel and the interpreters that load them.

Sources: CPython's list of extension suffixes, PEP 384 (abi3), 703 (``t``), 803
(abi3t).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from posixpath import dirname

from felloe.audit.evidence import Evidence
from felloe.audit.hint import PY_API, PYBIND11, USE_SABI
from felloe.audit.python.extension import Abi, ModuleName
from felloe.finding import Finding
from felloe.wheel.tags import WheelName, python_version

ABI3T_FLOOR = (3, 15)
STABLE = ("abi3", "abi3t")
_TWO_ABIS = (3, 13)  # PEP 703: the GIL's and the free-threaded
_OLD_SUFFIXES = (".abi3.so", ".pyd")
"""Suffixes of modules for the stable ABI that every Python imports on its systems."""

_STABLE_HINTS = {
    Abi.ABI3: 'give the target the SUFFIX ".abi3.so", which every Python imports, and set '
    f"{PY_API} without the t",
    Abi.ABI3T: f"raise {PY_API} to cp315t",
}


@dataclass(frozen=True)
class ModuleFile:
    """One file that implements an extension module."""

    path: str
    name: ModuleName
    pybind11: bool = False


Modules = Mapping[tuple[str, str], Sequence[ModuleFile]]
"""(package directory, module name) -> the files that implement it."""


def group_modules(evidence: Evidence) -> Modules:
    """Group the files of a wheel by module."""
    found: dict[tuple[str, str], list[ModuleFile]] = defaultdict(list)
    files = [
        ModuleFile(item.path, item.module, item.pybind11) for item in evidence.files if item.module
    ]
    files += [ModuleFile(item.path, item.module) for item in evidence.opaque if item.module]
    for file in files:
        found[dirname(file.path), file.name.stem].append(file)
    return found


def find_unloadable(modules: Modules, claim: WheelName) -> Iterator[Finding]:
    """Yield a problem for each module without a file for some claimed interpreter."""
    for files in modules.values():
        for python, abi in _promises(claim):
            if not any(_loads(file.name, python, abi) for file in files):
                yield _unloadable_finding(files, python, abi)
                break


def _promises(claim: WheelName) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a python and an ABI tag that some interpreter looks for.

    ``cp38.cp39-cp38.cp39`` is four pairs, two of which are none's.
    """
    versions = {abi: abi.rstrip("dmtu") for abi in claim.abis}
    for python, abi in product(claim.pythons, claim.abis):
        is_crossed = versions[abi] != python and versions[abi] in claim.pythons
        if not _is_reserved(python, abi) and not (is_crossed and python in versions.values()):
            yield python, abi


def _is_reserved(python: str, abi: str) -> bool:
    """Return True for a pair of tags that does not exist."""
    version = python_version(python)
    if version is None:
        return python.endswith("t")
    return abi == "abi3t" and version < ABI3T_FLOOR


def _loads(name: ModuleName, python: str, abi: str) -> bool:
    """Return True if the interpreters of a ``python-abi`` wheel load the file."""
    version = python_version(python)
    new = version is not None and version >= ABI3T_FLOOR
    if name.abi is Abi.UNTAGGED:
        return abi != "none" or not python.startswith("py")
    if name.abi is Abi.ABI3T:
        return new and abi != "none"
    if name.abi is Abi.ABI3:
        free_threaded = abi == "abi3t" or (abi.startswith("cp") and abi.endswith("t"))
        found = new or not is_tagged_stable(name)
        return python.startswith("cp") and not free_threaded and found
    if abi == "none":
        # Since 3.13 two ABIs share cp3XX; a debug build has never had a tag of its own there.
        shared = python.startswith("cp") and version is not None and version >= _TWO_ABIS
        return name.python_tag == python and not shared
    return (name.python_tag, name.abi_tag) == (python, abi)


def _unloadable_finding(files: Sequence[ModuleFile], python: str, abi: str) -> Finding:
    file = files[0]
    if file.pybind11 and abi in STABLE:
        hint = f"{PYBIND11}; remove {PY_API}"
    elif abi in STABLE:
        hint = _STABLE_HINTS.get(file.name.abi, USE_SABI)
    elif abi == "none":
        hint = f"set {PY_API} to nothing, or to the Python version the module is for"
    else:
        hint = f"build with the Python that the tag names, or correct {PY_API} or `wheel.tags`"
    return Finding(
        f"{file.path} {_describe(file.name)}; the tag {python}-{abi} promises "
        f"{_describe_tag(python, abi)}",
        hint=hint,
        path=file.path,
    )


def _describe(name: ModuleName) -> str:
    if name.abi is Abi.VERSION and name.suffix == ".pyd":
        return f"imports from the library of {name.abi_tag} and works only with it"
    if name.abi is Abi.VERSION:
        return f"works only with {name.abi_tag}"
    if name.abi is Abi.ABI3T:
        return "works with CPython 3.15 and later"
    if name.abi is Abi.ABI3 and is_tagged_stable(name):
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


def is_abi3t(modules: Modules) -> bool:
    """Return True if every module has a file for the stable ABI of both builds (PEP 803)."""
    return bool(modules) and all(
        any(file.name.abi is Abi.ABI3T for file in files) for files in modules.values()
    )


def is_tagged_stable(name: ModuleName) -> bool:
    """Return True for an abi3 suffix that only Python 3.15 and later import."""
    return name.suffix not in _OLD_SUFFIXES
