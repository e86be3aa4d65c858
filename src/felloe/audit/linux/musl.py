"""Find the release of musl that an object needs by a list of names; musl has no versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from felloe.audit.linux.constraint import Constraint, Kind
from felloe.audit.policy.family import NEVER, PolicyFamily
from felloe.binary.elf.reader import ElfObject
from felloe.binary.elf.symbols import SymbolTable

_DATA = Path(__file__).parent.parent / "policy" / "musl_symbols.json"


def read_newer() -> dict[str, str]:
    """Return the symbols added after musl 1.2.3, with their release (tools/update_musl.py)."""
    newer = json.loads(_DATA.read_text(encoding="utf-8"))["newer"]
    return {symbol: version for version, symbols in newer.items() for symbol in symbols}


def read_known() -> frozenset[str]:
    """Return every symbol that musl 1.2.3 or a later release exports."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    return frozenset((*data["symbols"], *(s for group in data["newer"].values() for s in group)))


def constrain_musl(
    path: str, elf: ElfObject, symbols: SymbolTable, family: PolicyFamily
) -> Iterator[Constraint]:
    """Yield the symbols of the object that ``musllinux_1_2`` does not promise.

    Its oldest systems have musl 1.2.3, whose loader refuses an object with one.
    """
    if family.libc != "musl" or not any(name.startswith("libc.") for name in elf.needed):
        return
    newer = read_newer()
    for symbol in symbols.imports_named(newer.keys()):
        if not symbol.weak:
            subject = f"{symbol.name} of musl {newer[symbol.name]}"
            yield Constraint(path, Kind.UNEXPORTED_SYMBOL, subject, NEVER, (symbol.name,))
