"""Read the binaries of a wheel and collect the evidence about its tags.

Every fact that some policy does not allow becomes a :class:`Constraint` with a
floor. What the wheel as a whole may claim is decided elsewhere, from these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, split
from typing import TYPE_CHECKING

from felloe.audit.linux.constraint import (
    Constraint,
    Kind,
    constrain,
    is_libpython,
    is_loader,
    is_musl_itself,
)
from felloe.audit.linux.musl import constrain_musl
from felloe.audit.linux.unresolved import find_unresolved
from felloe.audit.object import (
    AuditedFile,
    BinaryMember,
    Role,
    find_module,
    is_python_name,
    mentions_pybind11,
)
from felloe.audit.policy.family import FAMILY_OF_LIBC, NEVER, Policies, PolicyFamily
from felloe.audit.python.extension import Abi, ModuleName
from felloe.audit.python.gil import GilUse, find_gil_use, is_free_threaded
from felloe.binary.elf.layout import ElfType
from felloe.binary.elf.reader import ElfObject, find_libc, parse_elf
from felloe.binary.elf.symbols import Import, SymbolTable
from felloe.binary.magic import HEAD_SIZE, Format, find_format
from felloe.errors import MalformedBinary
from felloe.wheel.install_scheme import POSIX

if TYPE_CHECKING:  # a hook on Linux, which meets neither, starts a fifth faster
    from felloe.audit.macos.object import MachObject
    from felloe.audit.windows.object import PeObject


@dataclass(frozen=True)
class AuditedObject(AuditedFile):
    """One ELF file of a wheel and its facts."""

    elf: ElfObject
    libc: str | None
    """``glibc``, ``musl``, or None if neither its needs nor its name tell."""
    constraints: tuple[Constraint, ...]
    gil: GilUse | None = None
    """None for all files but modules that free-threaded interpreters load."""

    @property
    def built_for(self) -> str:
        return f"Linux on {self.elf.architecture or 'another machine'}"


@dataclass(frozen=True)
class OpaqueBinary:
    """A member with machine code that cannot be audited, and the reason."""

    path: str
    reason: str
    module: ModuleName | None


@dataclass(frozen=True)
class Evidence:
    """The facts of all binaries of one wheel."""

    objects: tuple[AuditedObject, ...] = ()
    opaque: tuple[OpaqueBinary, ...] = ()
    mach_objects: tuple[MachObject, ...] = ()
    pe_objects: tuple[PeObject, ...] = ()
    has_bytecode: bool = False
    """Some modules exist only as bytecode, which one version of Python reads."""

    @property
    def has_binaries(self) -> bool:
        return bool(self.files or self.opaque)

    @property
    def files(self) -> tuple[AuditedFile, ...]:
        """All audited files, of any format."""
        return (*self.objects, *self.mach_objects, *self.pe_objects)

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all members with machine code."""
        return (*(item.path for item in self.files), *(item.path for item in self.opaque))

    def provided(self, architecture: str | None = None) -> frozenset[str]:
        """Return the names by which the objects of the wheel, or of one machine, are needed."""
        own = [x for x in self.objects if architecture in (None, x.elf.architecture)]
        sonames = (item.elf.soname for item in own)
        names = (basename(item.path) for item in own)
        return frozenset(name for name in (*sonames, *names) if name)


def audit_members(
    members: Iterable[BinaryMember], policies: Policies, default_libc: str
) -> Evidence:
    """Audit every member with machine code.

    ``default_libc`` (``glibc`` or ``musl``) stands in for objects that name
    no C library themselves.
    """
    objects: list[AuditedObject] = []
    opaque: list[OpaqueBinary] = []
    mach_objects: list[MachObject] = []
    pe_objects: list[PeObject] = []
    has_bytecode = False
    for member in members:
        path = member.name
        has_bytecode = has_bytecode or _is_bytecode(path)
        kind = find_format(member.head(HEAD_SIZE))
        try:
            if kind is Format.ELF:
                objects.append(_audit_object(member, policies, default_libc))
            elif kind is Format.MACH_O:
                from felloe.audit.macos.object import audit_mach_object

                mach_objects.append(audit_mach_object(path, member.read()))
            elif kind is Format.PE:
                from felloe.audit.windows.object import audit_pe_object

                pe_objects.append(audit_pe_object(path, member.read()))
            elif kind is not None:
                opaque.append(OpaqueBinary(path, f"{kind.value} is not audited", find_module(path)))
        except MalformedBinary as cause:
            reason = f"broken {Format(kind).value}: {cause.message}"
            opaque.append(OpaqueBinary(path, reason, find_module(path)))
    return Evidence(
        tuple(objects), tuple(opaque), tuple(mach_objects), tuple(pe_objects), has_bytecode
    )


def _is_bytecode(path: str) -> bool:
    """Return True for bytecode that is imported without a source (PEP 3147)."""
    return path.endswith(".pyc") and basename(dirname(path)) != "__pycache__"


_PYTHON = (b"Py", b"_Py")


def _audit_object(member: BinaryMember, policies: Policies, default_libc: str) -> AuditedObject:
    path, data = member.name, member.read()
    elf = parse_elf(data)
    symbols = SymbolTable(data, elf)
    module = find_module(path)
    libc = find_libc(elf) or ("musl" if module is not None and module.musl else None)
    family = policies.get((FAMILY_OF_LIBC[libc or default_libc], elf.architecture or ""))
    initializes = module is not None and any(map(symbols.defines, module.init_names()))
    if module is not None and module.abi is Abi.UNTAGGED and not initializes:
        module = None
    python = symbols.mentions(b"Py")
    imports = _python_imports(symbols) if python else ()
    return AuditedObject(
        path=path,
        elf=elf,
        role=_find_role(elf, module),
        libc=libc,
        module=module,
        initializes=initializes,
        pybind11=symbols.mentions(b"8pybind11") or mentions_pybind11(data, imports),
        python_imports=imports,
        python_exports=_python_exports(symbols) if python and module is None else frozenset(),
        constraints=tuple(_constrain(path, elf, symbols, family)) if family else (),
        gil=find_gil_use(data, elf, symbols) if initializes and is_free_threaded(module) else None,
    )


def _constrain(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    yield from constrain(path, elf, symbols, family)
    yield from constrain_musl(path, elf, symbols, family)
    if family.libc == "musl" and "libc.so.6" in elf.needed:
        for name in find_unresolved(elf, symbols, frozenset(), "musl"):
            subject = f"{name}, which musl does not have"
            yield Constraint(path, Kind.UNEXPORTED_SYMBOL, subject, NEVER, (name,))


def _python_imports(symbols: SymbolTable) -> tuple[Import, ...]:
    found = symbols.imports_beginning(*_PYTHON)
    return tuple(symbol for symbol in found if is_python_name(symbol.name))


def _python_exports(symbols: SymbolTable) -> frozenset[str]:
    return frozenset(filter(is_python_name, symbols.definitions_beginning(*_PYTHON)))


def _find_role(elf: ElfObject, module: ModuleName | None) -> Role:
    if elf.type == ElfType.RELOCATABLE:
        return Role.OBJECT
    if module is not None:
        return Role.MODULE
    # libc.so.6 and a few others are both, and have a name to be loaded by.
    return Role.PROGRAM if elf.is_program and elf.soname is None else Role.LIBRARY


def find_places(objects: Iterable[AuditedObject]) -> dict[str, set[str]]:
    """Return the directories, once installed, in which each file name of a wheel lies."""
    places: dict[str, set[str]] = {}
    for item in objects:
        directory, name = split(POSIX.locate(item.path))
        places.setdefault(name, set()).add(directory)
    return places


def _find_search_path(item: AuditedObject) -> frozenset[str]:
    """Return the directories of the environment that an object's own paths lead to."""
    home = dirname(POSIX.locate(item.path))
    found = set()
    for entry in item.elf.runpath or item.elf.rpath:
        origin, _, rest = entry.partition("/")
        if origin in ("$ORIGIN", "${ORIGIN}"):
            found.add(POSIX.resolve(home, rest))
    return frozenset(place for place in found if place is not None)


def constrain_needed(
    item: AuditedObject,
    family: PolicyFamily,
    provided: frozenset[str],
    places: Mapping[str, set[str]],
) -> Iterator[Constraint]:
    """Yield the constraints that follow from libraries that ``item`` does not find in the wheel.

    ``places`` are the directories of each file name, as :func:`find_places` returns
    them. A module's libraries may have been loaded before it, by any path; those of
    a program have not.
    """
    is_program = item.role is Role.PROGRAM
    reached = _find_search_path(item) if is_program else frozenset()
    for soname in item.elf.needed:
        if is_loader(soname):
            continue
        if soname in provided:
            if is_program and reached.isdisjoint(places.get(soname, ())):
                yield Constraint(item.path, Kind.UNREACHED_LIBRARY, soname, NEVER)
            continue
        if is_libpython(soname):
            yield Constraint(item.path, Kind.LIBPYTHON, soname, NEVER)
            continue
        if family.libc == "musl" and is_musl_itself(soname):
            continue
        floor = family.libraries.get(soname, NEVER)
        if floor:
            subject = soname or "a library without a name"
            yield Constraint(item.path, Kind.LIBRARY, subject, floor)
