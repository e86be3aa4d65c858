"""Find files for Windows that import the C API from another Python than the claimed one.

A file names the interpreter's library, so what it works with is written in it
twice: there, and in its own name or the wheel's tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from posixpath import basename

from felloe.audit.evidence import Evidence
from felloe.audit.hint import PY_API
from felloe.audit.python.extension import Abi
from felloe.audit.windows.object import PeObject, PythonDll
from felloe.finding import Finding
from felloe.wheel.tags import WheelName

_REBUILD = f"build it with the Python that it is for, or correct {PY_API}"
_LIMITED = (
    "define Py_LIMITED_API and link python3.lib (in CMake Python::SABIModule) in all of its parts"
)


def find_dll_problems(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    """Yield a problem for each needed ``python*.dll`` that contradicts a file name or the claim."""
    own = {basename(item.path).lower() for item in evidence.pe_objects}
    for item in evidence.pe_objects:
        if item.stray_init:
            yield _stray(item)
        for dll in item.python_dlls:
            if dll.name.lower() not in own:
                yield from _problems(item, dll, claim)


def _problems(item: PeObject, dll: PythonDll, claim: WheelName) -> Iterator[Finding]:
    if dll.is_debug:
        yield Finding(
            f"{item.path} imports from {dll.name}, which only debug builds of Python have",
            hint="build the wheel with CMAKE_BUILD_TYPE=Release",
            path=item.path,
        )
    elif item.module is not None:
        yield from _module_problems(item, dll)
    elif dll.abi_tag and not _is_meant(dll.abi_tag, claim):
        yield Finding(
            f"{item.path} imports from {dll.name}; the tag {claim.tag} is not for {dll.abi_tag}",
            hint=_LIMITED if {"abi3", "abi3t"} & set(claim.abis) else _REBUILD,
            path=item.path,
        )


def _module_problems(item: PeObject, dll: PythonDll) -> Iterator[Finding]:
    """Yield a problem for a module whose imports contradict its name.

    If the name does not state the ABI, it was read from the imports before.
    """
    named = item.module.abi_tag if item.module else None
    if named is None or dll.abi is Abi.UNTAGGED:
        return
    is_threaded = named.endswith("t")
    wrong_build = dll.abi is Abi.ABI3 and is_threaded
    if (dll.abi_tag and dll.abi_tag != named) or wrong_build:
        yield Finding(
            f"{item.path} imports from {dll.name}, its name promises {named}",
            hint=_REBUILD,
            path=item.path,
        )


def _is_meant(abi_tag: str, claim: WheelName) -> bool:
    """Return True if the claim includes the interpreter with this tag."""
    return any(
        abi == abi_tag or (abi == "none" and python == abi_tag.rstrip("mt"))
        for python, abi in product(claim.pythons, claim.abis)
    )


def _stray(item: PeObject) -> Finding:
    return Finding(
        f"{item.path} exports {item.stray_init}, but no interpreter imports a file of that name",
        hint="name it {module}.pyd, or {module}.cp313-win_amd64.pyd for one Python: Windows knows "
        "no other suffix, so set Python_SOSABI to nothing when cross compiling",
        path=item.path,
    )
