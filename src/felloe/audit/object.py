"""One binary file of a wheel of any format: its role and its use of Python."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from posixpath import basename, dirname
from typing import Protocol

from felloe.audit.python.extension import ModuleName, find_module_name
from felloe.binary.elf.reader import Buffer
from felloe.binary.elf.symbols import Import


class Role(Enum):
    """The purpose of a binary."""

    MODULE = "module"
    LIBRARY = "library"
    PROGRAM = "program"
    OBJECT = "object"
    """A file for a linker or a debugger, which no loader loads."""


@dataclass(frozen=True)
class AuditedFile:
    """The facts that files of all formats have."""

    path: str
    role: Role
    module: ModuleName | None
    initializes: bool
    """Exports the function an interpreter would call for this module name."""
    pybind11: bool
    python_imports: tuple[Import, ...]
    """The undefined ``Py*`` and ``_Py*`` symbols."""
    python_exports: frozenset[str]
    """The ``Py*`` and ``_Py*`` symbols that a plain library defines for other files."""

    @property
    def built_for(self) -> str:
        """The system and machine in words."""
        raise NotImplementedError


class BinaryMember(Protocol):
    """A member of a wheel, as the audit reads it."""

    @property
    def name(self) -> str:
        """The path in the wheel."""

    def head(self, size: int) -> bytes:
        """Return at most ``size`` first bytes."""

    def read(self) -> Buffer:
        """Return all bytes."""


def find_module(path: str) -> ModuleName | None:
    """Return the module in the file of this path; ``__init__`` has its directory's name."""
    name = find_module_name(basename(path))
    if name is not None and name.stem == "__init__" and "/" in path:
        return replace(name, stem=basename(dirname(path)))
    return name


# Every public name of CPython goes on with a capital or an underscore.
_PYTHON_NAME = re.compile(r"_?Py[A-Z_]")


def is_python_name(name: str) -> bool:
    """Return True for a symbol that may belong to the C API."""
    return _PYTHON_NAME.match(name) is not None


# The name of pybind11's base type. Its symbols are hidden in most builds, the
# text is not; an import that all its modules have, and few others, is asked for first.
_PYBIND11_TEXT = re.compile(rb"pybind11_object")
PYBIND11_IMPORT = "PyInstanceMethod_Type"


def mentions_pybind11(data: Buffer, imports: Iterable[Import]) -> bool:
    """Return True if a file with these imports is made with pybind11."""
    return any(symbol.name == PYBIND11_IMPORT for symbol in imports) and (
        _PYBIND11_TEXT.search(data) is not None
    )
