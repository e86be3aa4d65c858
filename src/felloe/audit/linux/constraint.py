"""Find the facts about one object that some policy does not allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from felloe.audit.policy.family import NEVER, PolicyFamily
from felloe.binary.elf.reader import ElfObject
from felloe.binary.elf.symbols import SymbolTable


class Kind(Enum):
    """Kinds of facts that constrain a platform tag."""

    SYMBOL_VERSION = "symbol-version"
    LIBRARY = "library"
    UNREACHED_LIBRARY = "unreached-library"
    LIBPYTHON = "libpython"
    C_LIBRARY = "c-library"
    UNEXPORTED_SYMBOL = "unexported-symbol"
    INSTRUCTION_SET = "instruction-set"
    EXECUTABLE_STACK = "executable-stack"
    RELATIVE_RELOCATIONS = "relative-relocations"
    PAGE_ALIGNMENT = "page-alignment"
    REMOVED_SYMBOL = "removed-symbol"


@dataclass(frozen=True)
class Constraint:
    """A fact about one object that policies below ``floor`` do not allow."""

    path: str
    kind: Kind
    subject: str
    """The fact in words, such as ``GLIBC_2.34 of libc.so.6``."""
    floor: int
    symbols: tuple[str, ...] = ()


# The largest page of the kernels that mainstream distributions ship, where it
# is above the 4 KiB that every linker aligns to.
_LARGEST_PAGE = {"aarch64": 1 << 16, "ppc64": 1 << 16, "ppc64le": 1 << 16, "loongarch64": 1 << 14}

# Removed from CPython 3.7; a module that asks for one cannot be imported.
_REMOVED = frozenset({"PyFPE_jbuf", "PyFPE_dummy", "PyFPE_counter"})

# glibc 2.36 is the first to apply DT_RELR (a static program applies its own);
# objects that GNU ld links say so by this symbol version, others may not.
_RELR_VERSION = "GLIBC_ABI_DT_RELR"


def constrain(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    """Yield the constraints that follow from one object."""
    yield from _constrain_versions(path, elf, symbols, family)
    yield from _constrain_unexported(path, elf, symbols, family)
    if elf.isa_level > 1:
        subject = f"x86-64-v{elf.isa_level} instructions"
        yield Constraint(path, Kind.INSTRUCTION_SET, subject, NEVER)
    if elf.executable_stack and elf.is_dynamic:
        yield Constraint(path, Kind.EXECUTABLE_STACK, "an executable stack", NEVER)
    yield from _constrain_relocations(path, elf, family)
    page = _LARGEST_PAGE.get(family.architecture, 0)
    if elf.load_alignment and elf.load_alignment % max(page, 1):
        subject = f"segments aligned to {elf.load_alignment} bytes, below the page size {page}"
        yield Constraint(path, Kind.PAGE_ALIGNMENT, subject, NEVER)
    for symbol in symbols.imports_named(_REMOVED):
        yield Constraint(path, Kind.REMOVED_SYMBOL, symbol.name, NEVER, (symbol.name,))


def _constrain_relocations(path: str, elf: ElfObject, family: PolicyFamily) -> Iterator[Constraint]:
    if not elf.relative_relocations or (elf.is_program and elf.interpreter is None):
        return
    floor = family.symbol_versions.get(_RELR_VERSION, _first_musl_1_2(family))
    subject = "packed relocations (DT_RELR)"
    # glibc, elf/dl-version.c: "DT_RELR without GLIBC_ABI_DT_RELR dependency".
    versions = {need.version for need in elf.version_needs if need.library == "libc.so.6"}
    if any(v.startswith("GLIBC_2.") for v in versions) and _RELR_VERSION not in versions:
        subject += f" without {_RELR_VERSION}, which every glibc refuses to load"
        floor = NEVER
    yield Constraint(path, Kind.RELATIVE_RELOCATIONS, subject, floor)


def _first_musl_1_2(family: PolicyFamily) -> int:
    """musl applies packed relocations from 1.2.4 on; its policies know no third number."""
    position = family.position("musllinux_1_2")
    return NEVER if position is None else position


def _constrain_versions(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    floors = {need: family.version_floor(need.version) for need in elf.version_needs}
    high = {need: floor for need, floor in floors.items() if floor}
    names = symbols.imports_of_versions({need.number for need in high})
    for need, floor in sorted(high.items()):
        subject = f"{need.version} of {need.library}"
        yield Constraint(path, Kind.SYMBOL_VERSION, subject, floor, names.pop(need.number, ()))


def _constrain_unexported(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    for library in dict.fromkeys(elf.needed):
        floors: Mapping[str, int] = family.unexported.get(library, {})
        for symbol in symbols.imports_named(floors.keys()):
            if not symbol.weak:
                floor = floors[symbol.name]
                subject = f"{symbol.name} of {library}"
                yield Constraint(path, Kind.UNEXPORTED_SYMBOL, subject, floor, (symbol.name,))


_MUSL_NAMES = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\..*")


def is_musl_itself(soname: str) -> bool:
    """Return True for a name that musl's loader answers itself (ldso/dynlink.c, load_library)."""
    return _MUSL_NAMES.fullmatch(soname) is not None


_LOADER = re.compile(r"ld-linux.*|ld64\.so\.[12]|ld-musl-.*|ld\.so\.1")
_LIBPYTHON = re.compile(r"libpython\d+(\.\d+)?[a-z]*\.so(\.\d+)*|libpypy[\d.]*-c\.so.*")


def is_loader(soname: str) -> bool:
    """Return True for a name of the dynamic loader."""
    return _LOADER.fullmatch(soname) is not None


def is_libpython(soname: str) -> bool:
    """Return True for any name of an interpreter's library."""
    return _LIBPYTHON.fullmatch(soname) is not None
