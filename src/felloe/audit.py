"""What the binaries of a wheel say: bytes of members in, evidence out.

Every fact that some policy does not allow becomes a :class:`Constraint` with a
floor. What the wheel as a whole may claim is decided elsewhere, from these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from posixpath import basename, dirname
from typing import Protocol

from felloe.binary.elf import Buffer, ElfObject, find_libc, parse_elf
from felloe.binary.layout import ElfType
from felloe.binary.magic import HEAD_SIZE, Format, find_format
from felloe.binary.symbols import Import, SymbolTable
from felloe.errors import MalformedBinary
from felloe.extension import Abi, ModuleName, find_module_name
from felloe.policy.family import FAMILY_OF_LIBC, NEVER, Policies, PolicyFamily


class Kind(Enum):
    """What sort of fact constrains a platform tag."""

    SYMBOL_VERSION = "symbol-version"
    LIBRARY = "library"
    LIBPYTHON = "libpython"
    C_LIBRARY = "c-library"
    WITHHELD_SYMBOL = "withheld-symbol"
    INSTRUCTION_SET = "instruction-set"
    EXECUTABLE_STACK = "executable-stack"
    RELATIVE_RELOCATIONS = "relative-relocations"
    PAGE_ALIGNMENT = "page-alignment"
    RELIC = "relic"


@dataclass(frozen=True)
class Constraint:
    """A fact about one object that policies below ``floor`` do not allow."""

    path: str
    kind: Kind
    subject: str
    """What it is about, in the words of the format: ``GLIBC_2.34 of libc.so.6``."""
    floor: int
    symbols: tuple[str, ...] = ()


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
        python_imports=tuple(filter(_is_python, symbols.imports())) if python else (),
        python_exports=frozenset(name for name in symbols.definitions() if _PYTHON_NAME.match(name))
        if python and module is None
        else frozenset(),
        constraints=tuple(_constrain(path, elf, symbols, family)) if family else (),
    )


# Every public name of CPython goes on with a capital or an underscore.
_PYTHON_NAME = re.compile(r"_?Py[A-Z_]")


def _is_python(symbol: Import) -> bool:
    return _PYTHON_NAME.match(symbol.name) is not None


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
    # A position-independent program and a library share a type; what loads
    # the one is named in it.
    is_program = elf.type == ElfType.EXECUTABLE or elf.interpreter is not None
    return Role.PROGRAM if is_program and elf.soname is None else Role.LIBRARY


# The largest page of the kernels that mainstream distributions ship, where it
# is above the 4 KiB that every linker aligns to.
_LARGEST_PAGE = {"aarch64": 1 << 16, "ppc64": 1 << 16, "ppc64le": 1 << 16, "loongarch64": 1 << 14}

# Removed from CPython 3.7; a module that asks for one cannot be imported.
_RELICS = frozenset({"PyFPE_jbuf", "PyFPE_dummy", "PyFPE_counter"})

# glibc 2.36 is the first to apply DT_RELR; objects that GNU ld links say so
# through the symbol version GLIBC_ABI_DT_RELR, others may not.
_RELR_VERSION = "GLIBC_ABI_DT_RELR"


def _constrain(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    """The constraints that follow from the object alone."""
    yield from _constrain_versions(path, elf, symbols, family)
    yield from _constrain_withheld(path, elf, symbols, family)
    if elf.isa_level > 1:
        subject = f"x86-64-v{elf.isa_level} instructions"
        yield Constraint(path, Kind.INSTRUCTION_SET, subject, NEVER)
    if elf.executable_stack and elf.is_dynamic:
        yield Constraint(path, Kind.EXECUTABLE_STACK, "an executable stack", NEVER)
    if elf.relative_relocations:
        floor = family.symbol_versions.get(_RELR_VERSION, NEVER)
        yield Constraint(path, Kind.RELATIVE_RELOCATIONS, "packed relocations (DT_RELR)", floor)
    page = _LARGEST_PAGE.get(family.architecture, 0)
    if elf.load_alignment and elf.load_alignment % max(page, 1):
        subject = f"segments aligned to {elf.load_alignment} bytes, below the page size {page}"
        yield Constraint(path, Kind.PAGE_ALIGNMENT, subject, NEVER)
    for symbol in symbols.imports_named(_RELICS):
        yield Constraint(path, Kind.RELIC, symbol.name, NEVER, (symbol.name,))


def _constrain_versions(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    floors = {need: family.version_floor(need.version) for need in elf.version_needs}
    high = {need: floor for need, floor in floors.items() if floor}
    names = symbols.imports_of_versions({need.number for need in high})
    for need, floor in sorted(high.items()):
        subject = f"{need.version} of {need.library}"
        yield Constraint(path, Kind.SYMBOL_VERSION, subject, floor, names.get(need.number, ()))


def _constrain_withheld(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    for library in elf.needed:
        floors: Mapping[str, int] = family.withheld.get(library, {})
        for symbol in symbols.imports_named(floors.keys()):
            if not symbol.weak:
                floor = floors[symbol.name]
                subject = f"{symbol.name} of {library}"
                yield Constraint(path, Kind.WITHHELD_SYMBOL, subject, floor, (symbol.name,))


_LOADER = re.compile(r"ld-linux.*|ld64\.so\.[12]|ld-musl-.*|ld\.so\.1")
_LIBPYTHON = re.compile(r"libpython\d+(\.\d+)?[a-z]*\.so(\.\d+)*|libpypy[\d.]*-c\.so.*")


def is_loader(soname: str) -> bool:
    """Whether a needed name is the dynamic loader's own."""
    return _LOADER.fullmatch(soname) is not None


def is_libpython(soname: str) -> bool:
    """Whether a needed name is an interpreter's library, under any of its names."""
    return _LIBPYTHON.fullmatch(soname) is not None


def constrain_needed(
    item: AuditedObject, family: PolicyFamily, provided: frozenset[str]
) -> Iterator[Constraint]:
    """The constraints that follow from what ``item`` needs and the wheel does not hold."""
    for soname in item.elf.needed:
        if is_loader(soname) or soname in provided:
            continue
        if is_libpython(soname):
            yield Constraint(item.path, Kind.LIBPYTHON, soname, NEVER)
            continue
        floor = family.libraries.get(soname, NEVER)
        if floor:
            subject = soname or "a library without a name"
            yield Constraint(item.path, Kind.LIBRARY, subject, floor)
