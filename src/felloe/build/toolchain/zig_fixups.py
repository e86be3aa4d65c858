"""Checks and changes of the objects that zig built, before the wheel is audited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename

from felloe.audit.linux.unresolved import find_unresolved
from felloe.audit.policy.family import musl_soname
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import ElfObject, parse_elf
from felloe.binary.elf.symbols import SymbolTable
from felloe.binary.magic import HEAD_SIZE, Format, find_format
from felloe.config.settings import Settings
from felloe.errors import FelloeError, MalformedBinary
from felloe.python.target import Target
from felloe.wheel.content import Buffer
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel

_MUSL_LINKED = "libc.so"
_LIBCXX = re.compile(rb"NSt3__1|libc\+\+abi: ")
"""Names of libc++'s types, and the start of its runtime's messages."""
_ALLOCATORS = ("_Znw", "_Zna", "_Zdl", "_Zda")
"""``operator new`` and ``delete``: every copy calls the C library's ``malloc``."""


@dataclass(frozen=True)
class _Object:
    """A dynamic ELF file of the wheel."""

    member: Member
    elf: ElfObject
    data: Buffer

    @property
    def names(self) -> tuple[str, ...]:
        """Names by which other objects can need it."""
        return tuple(filter(None, (self.elf.soname, basename(self.member.name))))


def fix_objects(staged: StagedWheel, settings: Settings, target: Target) -> StagedWheel:
    """Return the wheel with the soname that the target's own linker would have written.

    Raise :class:`FelloeError` for objects that would fail at run time whatever
    the tag is: they need functions that the C library does not have, or
    exchange C++ objects between two copies of libc++.
    """
    if settings.toolchain.kind != "zig" or target.libc is None:
        return staged
    objects = list(_read_objects(staged.members))
    _refuse_unresolved(objects, settings, target.libc)
    if settings.toolchain.stdlib == "libc++":
        refuse_split_libcxx(objects)
    if target.libc != "musl":
        return staged
    soname = musl_soname(target.architecture or "")
    fresh = {item.member.name: _rename(item, soname) for item in objects}
    return replace(staged, members=tuple(fresh.get(m.name, m) for m in staged.members))


def _read_objects(members: Sequence[Member]) -> Iterator[_Object]:
    for member in members:
        if find_format(member.head(HEAD_SIZE)) is Format.ELF:
            data = member.read()
            try:
                elf = parse_elf(data)
            except MalformedBinary:
                continue  # the audit reports it
            if elf.is_dynamic:
                yield _Object(member, elf, data)


def _rename(item: _Object, soname: str) -> Member:
    """Return the member with the soname of musl's library on the target's systems.

    zig links a stub that is called ``libc.so``. musl's loader accepts any
    ``libc.`` as itself, but other tools need the real name.
    """
    if _MUSL_LINKED not in item.elf.needed:
        return item.member
    data = patch(bytes(item.data), Edit(needed={_MUSL_LINKED: soname}))
    return Member.from_bytes(item.member.name, data, executable=item.member.executable)


def _refuse_unresolved(objects: Sequence[_Object], settings: Settings, libc: str) -> None:
    names = frozenset(name for item in objects for name in item.names)
    own = frozenset(
        symbol for item in objects for symbol in SymbolTable(item.data, item.elf).definitions()
    )
    for item in objects:
        table = SymbolTable(item.data, item.elf)
        missing = [
            name for name in find_unresolved(item.elf, table, names, libc) if name not in own
        ]
        if missing:
            target = settings.toolchain.target
            where = "the target" if target == "auto" else target
            raise FelloeError(
                f"{item.member.name} needs {', '.join(missing[:5])}, which neither the libraries "
                f"that it links nor the C library of {where} provide",
                hint="set a `target` with a newer C library, link the library that has the "
                "function, or do not call it",
            )


def refuse_split_libcxx(objects: Sequence[_Object]) -> None:
    """Raise if one object uses C++ symbols of another and both contain libc++.

    Each copy has its own locales, exceptions and iostreams: a stream that
    passes from one object to the other crashes. C symbols are safe.
    """
    carriers = [item for item in objects if _LIBCXX.search(item.data)]
    by_name: Mapping[str, _Object] = {name: item for item in carriers for name in item.names}
    for item in carriers:
        for needed in item.elf.needed:
            other = by_name.get(needed)
            symbol = _find_shared_symbol(item, other) if other else None
            if other is not None and symbol is not None:
                raise FelloeError(
                    f"{item.member.name} uses C++ symbols of {other.member.name} ({symbol}), and "
                    "each of them has its own copy of libc++: streams, locales and exceptions do "
                    "not pass between the two",
                    hint="link that library statically into the module (BUILD_SHARED_LIBS=OFF), "
                    'or set `stdlib = "libstdc++"` and a `sysroot` in [tool.felloe]',
                )


def _find_shared_symbol(item: _Object, other: _Object) -> str | None:
    """Return a C++ symbol that one object uses from the other."""
    table = SymbolTable(other.data, other.elf)
    imports = SymbolTable(item.data, item.elf).imports_beginning(b"_Z")
    names = (symbol.name for symbol in imports if not symbol.name.startswith(_ALLOCATORS))
    return next((name for name in names if table.defines(name)), None)
