"""One Mach-O file of a wheel and its facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from felloe.audit.object import (
    AuditedFile,
    Role,
    find_module,
    is_python_name,
    mentions_pybind11,
)
from felloe.audit.python.extension import Abi, ModuleName
from felloe.binary.elf.reader import Buffer
from felloe.binary.elf.symbols import Import
from felloe.binary.macho.layout import FileType
from felloe.binary.macho.reader import MachoFile, MachoSlice, is_loaded, parse_macho
from felloe.binary.macho.symbols import MachoSymbolTable

_PYTHON = ("Py", "_Py")
_LIBPYTHON = re.compile(
    r"(.*/)?(libpython\d[\d.]*[a-z]*\.dylib|libpypy[\d.]*-c\.dylib|"
    r"Python[A-Z]?\.framework/Versions/[^/]+/Python[A-Z]?)"
)


@dataclass(frozen=True)
class MachObject(AuditedFile):
    """One Mach-O file of a wheel."""

    macho: MachoFile

    @property
    def built_for(self) -> str:
        return f"macOS on {' and '.join(self.macho.cpus)}"

    def find_slice(self, cpu: str) -> MachoSlice | None:
        """Return the image that a process for ``cpu`` loads."""
        return next((item for item in self.macho.slices if item.cpu == cpu), None)


def is_libpython_dylib(name: str) -> bool:
    """Return True for the install name of an interpreter's library or framework."""
    return _LIBPYTHON.fullmatch(name) is not None


def audit_mach_object(path: str, data: Buffer) -> MachObject:
    """Audit a Mach-O file. Raises :class:`felloe.errors.MalformedBinary`."""
    macho = parse_macho(data)
    tables = [(image, MachoSymbolTable(data, image)) for image in macho.slices]
    module = find_module(path)
    initializes = module is not None and all(
        any(map(table.defines, module.init_names())) for _, table in tables
    )
    if module is not None and module.abi is Abi.UNTAGGED and not initializes:
        module = None
    imports = tuple(_merge(found for image, table in tables for found in _imports(image, table)))
    exports = (name for _, table in tables for name in table.definitions_beginning(*_PYTHON))
    return MachObject(
        path=path,
        role=_find_role(macho, module),
        module=module,
        initializes=initializes,
        pybind11=any(table.mentions(b"8pybind11") for _, table in tables)
        or mentions_pybind11(data, imports),
        python_imports=imports,
        python_exports=frozenset(filter(is_python_name, exports))
        if module is None
        else frozenset(),
        macho=macho,
    )


def _imports(image: MachoSlice, table: MachoSymbolTable) -> Iterator[Import]:
    """Yield the symbols that one image may import from the interpreter."""
    if not table.mentions(b"_Py"):
        return
    for symbol in table.imports_beginning(*_PYTHON):
        known = 0 < symbol.ordinal <= len(image.dylibs)
        # A name that is bound to another library is not the interpreter's.
        if known and not is_libpython_dylib(image.dylibs[symbol.ordinal - 1].name):
            continue
        if is_python_name(symbol.name):
            yield Import(symbol.name, symbol.weak)


def _merge(imports: Iterable[Import]) -> Iterator[Import]:
    """Return each name once; it is weak if it is weak in every slice."""
    found: dict[str, bool] = {}
    for name, weak in imports:
        found[name] = found.get(name, True) and weak
    return (Import(name, weak) for name, weak in found.items())


def _find_role(macho: MachoFile, module: ModuleName | None) -> Role:
    if not all(map(is_loaded, macho.slices)):
        return Role.OBJECT
    if module is not None:
        return Role.MODULE
    is_program = any(image.type == FileType.EXECUTE for image in macho.slices)
    return Role.PROGRAM if is_program else Role.LIBRARY
