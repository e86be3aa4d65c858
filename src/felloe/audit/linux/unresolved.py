"""Find symbols that no library of an object provides.

A linker of shared objects lets them pass. Where the C library's own list of
names is the target's, such as zig's list of an old glibc, they are functions
that the target does not have.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from felloe.audit.linux.musl import read_known
from felloe.audit.object import is_python_name
from felloe.binary.elf.reader import ElfObject
from felloe.binary.elf.symbols import SymbolTable

_C_LIBRARY = re.compile(
    r"lib(c|m|pthread|dl|rt|util|resolv|anl|nsl|crypt|mvec)\.so(\.\d+)?|ld-.*|ld64.*"
    r"|libc\.musl-\w+\.so\.1"
)
_UNVERSIONED = frozenset((0, 1))  # VER_NDX_LOCAL, VER_NDX_GLOBAL


def find_unresolved(
    elf: ElfObject, symbols: SymbolTable, provided: AbstractSet[str], libc: str
) -> tuple[str, ...]:
    """Return the names, sorted; none if a needed library may have them.

    ``provided`` are the sonames of the wheel's own objects that were asked
    already. glibc's names come with versions, musl's are known by a list.
    """
    if any(not _C_LIBRARY.fullmatch(name) and name not in provided for name in elf.needed):
        return ()
    names = {s.name for s in symbols.imports() if not s.weak and not is_python_name(s.name)}
    if libc == "musl":
        return tuple(sorted(names - read_known()))
    if elf.tables.symbol_versions:
        found = symbols.imports_of_versions(_UNVERSIONED)
        names &= {name for group in found.values() for name in group}
    return tuple(sorted(names))
