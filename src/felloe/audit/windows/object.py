"""One PE file of a wheel and its facts.

A module for Windows names the library of its interpreter, which says more than
its suffix: ``python313.dll`` is one version's, ``python3.dll`` the stable ABI's
(PEP 384), ``python3t.dll`` that of free-threaded builds (PEP 803).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from felloe.audit.object import (
    AuditedFile,
    Role,
    find_module,
    is_python_name,
    mentions_pybind11,
)
from felloe.audit.python.extension import Abi, ModuleName, name_windows_abi
from felloe.binary.elf.reader import Buffer
from felloe.binary.elf.symbols import Import
from felloe.binary.pe.reader import PeImage, parse_pe
from felloe.binary.pe.symbols import PeSymbolTable

_PYTHON_DLL = re.compile(
    r"python(?P<major>\d)(?P<minor>\d+)?(?P<threads>t)?(?P<debug>_d)?\.dll", re.IGNORECASE
)
_OTHER_PYTHONS = re.compile(r"libpypy[\d.]*-c\.dll|python-native\.dll", re.IGNORECASE)


@dataclass(frozen=True)
class PythonDll:
    """The library of an interpreter that a file takes the C API from."""

    name: str
    abi: Abi
    abi_tag: str | None
    """``cp313``, ``cp313t``, ``cp37m``; None for the stable ABIs and for other implementations."""
    is_debug: bool


@dataclass(frozen=True)
class PeObject(AuditedFile):
    """One PE file of a wheel."""

    pe: PeImage
    python_dlls: tuple[PythonDll, ...]
    stray_init: str
    """``PyInit_…``, exported by a ``.pyd`` whose name no interpreter looks for; else empty."""

    @property
    def built_for(self) -> str:
        return f"Windows ({self.pe.platform or f'machine {self.pe.machine:#x}'})"


def find_python_dll(name: str) -> PythonDll | None:
    """Return the interpreter's library of this name; None for any other library."""
    match = _PYTHON_DLL.fullmatch(name)
    if match is None:
        is_python = _OTHER_PYTHONS.fullmatch(name) is not None
        return PythonDll(name, Abi.UNTAGGED, None, is_debug=False) if is_python else None
    threads, is_debug = match["threads"] or "", bool(match["debug"])
    if match["minor"]:
        tag = name_windows_abi(match["major"] + match["minor"], threads)
        return PythonDll(name, Abi.VERSION, tag, is_debug)
    return PythonDll(name, Abi.ABI3T if threads else Abi.ABI3, None, is_debug)


def audit_pe_object(path: str, data: Buffer) -> PeObject:
    """Audit a PE file. Raises :class:`felloe.errors.MalformedBinary`."""
    pe = parse_pe(data)
    symbols = PeSymbolTable(data, pe)
    module = find_module(path)
    initializes = module is not None and any(map(symbols.exports, module.init_names()))
    if module is not None and module.abi is Abi.UNTAGGED and not initializes:
        module = None
    dlls = tuple(dict.fromkeys(filter(None, (find_python_dll(dll.name) for dll in pe.dlls))))
    imports = tuple(Import(name, weak=False) for name in _python_imports(pe, symbols))
    stray = path.endswith(".pyd") and module is None
    return PeObject(
        path=path,
        role=_find_role(pe, module),
        module=_say_more(module, dlls),
        initializes=initializes,
        pybind11=mentions_pybind11(data, imports),
        python_imports=imports,
        python_exports=frozenset(),  # whose a name is, every import says itself
        pe=pe,
        python_dlls=dlls,
        stray_init=next(symbols.exports_beginning("PyInit_"), "") if stray else "",
    )


def _python_imports(pe: PeImage, symbols: PeSymbolTable) -> Iterator[str]:
    for dll in pe.dlls:
        if find_python_dll(dll.name):
            yield from filter(is_python_name, symbols.imports_from(dll))


def _say_more(module: ModuleName | None, dlls: tuple[PythonDll, ...]) -> ModuleName | None:
    """Return an untagged module name with the promise of the interpreter's library."""
    if module is None or module.abi is not Abi.UNTAGGED:
        return module
    versions = {dll.abi_tag for dll in dlls if dll.abi_tag}
    if len(versions) == 1:
        tag = versions.pop()
        return replace(module, abi=Abi.VERSION, python_tag=tag.rstrip("mt"), abi_tag=tag)
    stable = {dll.abi for dll in dlls}
    return replace(module, abi=stable.pop()) if len(stable) == 1 else module


def _find_role(pe: PeImage, module: ModuleName | None) -> Role:
    if module is not None:
        return Role.MODULE
    return Role.LIBRARY if pe.is_dll else Role.PROGRAM
