"""What the binaries of a wheel say: bytes of members in, evidence out.

Every fact that some policy does not allow becomes a :class:`Constraint` with a
floor. What the wheel as a whole may claim is decided elsewhere, from these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from posixpath import basename, dirname, join, normpath
from typing import Protocol

from felloe.audit.constraint import Constraint, Kind, constrain, is_libpython, is_loader
from felloe.binary.elf import Buffer, ElfObject, find_libc, parse_elf
from felloe.binary.layout import ElfType
from felloe.binary.magic import HEAD_SIZE, Format, find_format
from felloe.binary.symbols import Import, SymbolTable
from felloe.errors import MalformedBinary
from felloe.extension import Abi, ModuleName, find_module_name
from felloe.policy.family import FAMILY_OF_LIBC, NEVER, Policies, PolicyFamily


class Role(Enum):
    """What an object is for."""

    MODULE = "module"
    LIBRARY = "library"
    PROGRAM = "program"
    OBJECT = "object"


@dataclass(frozen=True)
class AuditedObject:
    """One ELF file of a wheel and what was found in it."""

    path: str
    elf: ElfObject
    role: Role
    libc: str | None
    """``glibc``, ``musl``, or None where it needs neither."""
    module: ModuleName | None
    initializes: bool
    """Exports the function an interpreter would call for this module name."""
    pybind11: bool
    python_imports: tuple[Import, ...]
    """The undefined ``Py*`` and ``_Py*`` symbols."""
    python_exports: frozenset[str]
    """The same of a plain library's defined ones: names a sibling may import."""
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True)
class OpaqueBinary:
    """A member that holds machine code nobody here can vouch for, and why."""

    path: str
    reason: str
    module: ModuleName | None


@dataclass(frozen=True)
class Evidence:
    """All that the binaries of one wheel say."""

    objects: tuple[AuditedObject, ...] = ()
    opaque: tuple[OpaqueBinary, ...] = ()

    @property
    def has_binaries(self) -> bool:
        return bool(self.objects or self.opaque)

    def provided(self, architecture: str | None = None) -> frozenset[str]:
        """The names under which the wheel's objects, or those of one machine, are needed."""
        own = [x for x in self.objects if architecture in (None, x.elf.architecture)]
        sonames = (item.elf.soname for item in own)
        names = (basename(item.path) for item in own)
        return frozenset(name for name in (*sonames, *names) if name)


class BinaryMember(Protocol):
    """What the audit asks of a member of a wheel."""

    @property
    def name(self) -> str:
        """Its path in the wheel."""

    def head(self, size: int) -> bytes:
        """Its first bytes, at most ``size``."""

    def read(self) -> Buffer:
        """All of it."""


def audit_members(
    members: Iterable[BinaryMember], policies: Policies, default_libc: str
) -> Evidence:
    """Audit every member that holds machine code.

    ``default_libc`` (``glibc`` or ``musl``) stands in for objects that name
    no C library themselves.
    """
    objects: list[AuditedObject] = []
    opaque: list[OpaqueBinary] = []
    for member in members:
        kind = find_format(member.head(HEAD_SIZE))
        if kind is Format.ELF:
            try:
                objects.append(_audit_object(member, policies, default_libc))
            except MalformedBinary as cause:
                opaque.append(_opaque(member.name, f"broken ELF: {cause.message}"))
        elif kind is not None:
            opaque.append(_opaque(member.name, f"{kind.value} is not audited"))
    return Evidence(tuple(objects), tuple(opaque))


def _opaque(path: str, reason: str) -> OpaqueBinary:
    return OpaqueBinary(path, reason, _find_module(path))


def _find_module(path: str) -> ModuleName | None:
    """The module in the file of this path; ``__init__`` goes by its directory's name."""
    name = find_module_name(basename(path))
    if name is not None and name.stem == "__init__" and "/" in path:
        return replace(name, stem=basename(dirname(path)))
    return name


_PYTHON = (b"Py", b"_Py")


def _audit_object(member: BinaryMember, policies: Policies, default_libc: str) -> AuditedObject:
    path, data = member.name, member.read()
    elf = parse_elf(data)
    symbols = SymbolTable(data, elf)
    libc = find_libc(elf)
    family = policies.get((FAMILY_OF_LIBC[libc or default_libc], elf.architecture or ""))
    module = _find_module(path)
    initializes = module is not None and any(map(symbols.defines, module.init_names()))
    if module is not None and module.abi is Abi.UNNAMED and not initializes:
        module = None
    python = symbols.mentions(b"Py")
    return AuditedObject(
        path=path,
        elf=elf,
        role=_find_role(elf, module),
        libc=libc,
        module=module,
        initializes=initializes,
        pybind11=_is_pybind11(symbols, data),
        python_imports=_python_imports(symbols) if python else (),
        python_exports=_python_exports(symbols) if python and module is None else frozenset(),
        constraints=tuple(constrain(path, elf, symbols, family)) if family else (),
    )


# Every public name of CPython goes on with a capital or an underscore.
_PYTHON_NAME = re.compile(r"_?Py[A-Z_]")


def _python_imports(symbols: SymbolTable) -> tuple[Import, ...]:
    found = symbols.imports_beginning(*_PYTHON)
    return tuple(symbol for symbol in found if _PYTHON_NAME.match(symbol.name))


def _python_exports(symbols: SymbolTable) -> frozenset[str]:
    return frozenset(filter(_PYTHON_NAME.match, symbols.definitions_beginning(*_PYTHON)))


# The name of pybind11's base type. Its symbols are hidden in most builds, the
# text is not; the import is one that all its modules have and few others.
_PYBIND11_TEXT = re.compile(rb"pybind11_object")


def _is_pybind11(symbols: SymbolTable, data: Buffer) -> bool:
    return symbols.mentions(b"8pybind11") or (
        symbols.mentions(b"PyInstanceMethod_Type") and _PYBIND11_TEXT.search(data) is not None
    )


def _find_role(elf: ElfObject, module: ModuleName | None) -> Role:
    if elf.type == ElfType.RELOCATABLE:
        return Role.OBJECT
    if module is not None:
        return Role.MODULE
    # libc.so.6 and a few others are both, and have a name to be loaded by.
    return Role.PROGRAM if elf.is_program and elf.soname is None else Role.LIBRARY


_ORIGIN = re.compile(r"\$(ORIGIN\b|\{ORIGIN\})")


def _finds(item: AuditedObject, soname: str, files: frozenset[str]) -> bool:
    """Whether a search path of the object itself leads to ``soname`` inside the wheel."""
    if ".data/" in item.path:
        return True  # where it lies in relation to the rest, the installer decides
    place = dirname(item.path) or "."
    paths = (_ORIGIN.sub(place, entry) for entry in item.elf.runpath or item.elf.rpath)
    return any(normpath(join(path, soname)) in files for path in paths)


def constrain_needed(
    item: AuditedObject, family: PolicyFamily, provided: frozenset[str], files: frozenset[str]
) -> Iterator[Constraint]:
    """The constraints that follow from what ``item`` needs and does not find in the wheel.

    ``files`` are the paths of the wheel's objects. A module's libraries may have been
    loaded before it, by whatever path; a program has no before.
    """
    for soname in item.elf.needed:
        if is_loader(soname):
            continue
        if soname in provided:
            if item.role is Role.PROGRAM and not _finds(item, soname, files):
                yield Constraint(item.path, Kind.UNREACHED_LIBRARY, soname, NEVER)
            continue
        if is_libpython(soname):
            yield Constraint(item.path, Kind.LIBPYTHON, soname, NEVER)
            continue
        floor = family.libraries.get(soname, NEVER)
        if floor:
            subject = soname or "a library without a name"
            yield Constraint(item.path, Kind.LIBRARY, subject, floor)
