"""One binary file of a wheel, whatever its format: its use, and how it is bound to Python."""

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
    """What a binary is for."""

    MODULE = "module"
    LIBRARY = "library"
    PROGRAM = "program"
    OBJECT = "object"
    """Something that no loader loads: for a linker, or a debugger."""


@dataclass(frozen=True)
class AuditedFile:
    """What every format says of one file."""

    path: str
    role: Role
    module: ModuleName | None
    initializes: bool
    """Exports the function an interpreter would call for this module name."""
    pybind11: bool
    python_imports: tuple[Import, ...]
    """The undefined ``Py*`` and ``_Py*`` symbols."""
    python_exports: frozenset[str]
    """The same of a plain library's defined ones: names a sibling may import."""

    @property
    def built_for(self) -> str:
        """System and machine, in words."""
        raise NotImplementedError


class BinaryMember(Protocol):
    """What the audit asks of a member of a wheel."""

    @property
    def name(self) -> str:
        """Its path in the wheel."""

    def head(self, size: int) -> bytes:
        """Its first bytes, at most ``size``."""

    def read(self) -> Buffer:
        """All of it."""


def find_module(path: str) -> ModuleName | None:
    """The module in the file of this path; ``__init__`` goes by its directory's name."""
    name = find_module_name(basename(path))
    if name is not None and name.stem == "__init__" and "/" in path:
        return replace(name, stem=basename(dirname(path)))
    return name


# Every public name of CPython goes on with a capital or an underscore.
_PYTHON_NAME = re.compile(r"_?Py[A-Z_]")


def is_python_name(name: str) -> bool:
    """Whether a symbol may be of the C API."""
    return _PYTHON_NAME.match(name) is not None


# The name of pybind11's base type. Its symbols are hidden in most builds, the
# text is not; an import that all its modules have, and few others, is asked for first.
_PYBIND11_TEXT = re.compile(rb"pybind11_object")
PYBIND11_IMPORT = "PyInstanceMethod_Type"


def mentions_pybind11(data: Buffer, imports: Iterable[Import]) -> bool:
    """Whether a file with these imports is made with pybind11."""
    return any(symbol.name == PYBIND11_IMPORT for symbol in imports) and (
        _PYBIND11_TEXT.search(data) is not None
    )
