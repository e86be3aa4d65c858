"""Explain why a wheel misses a platform tag: objects, symbols and ways out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from felloe.audit.hint import SEARCH, ZIG
from felloe.audit.linux.constraint import Constraint, Kind
from felloe.audit.linux.portability import Portability
from felloe.audit.linux.symbol_name import shorten_symbol
from felloe.finding import Finding

_MOST_SYMBOLS = 3
_MOST_LINES = 10

_OLDER_SYSTEM = (
    "build where the C library is older, such as in the image of the policy you want "
    f"(quay.io/pypa/manylinux_2_28_x86_64){ZIG}"
)
WAYS_OUT = {
    Kind.SYMBOL_VERSION: _OLDER_SYSTEM,
    Kind.LIBRARY: f"link that library statically, or have it copied in: {SEARCH}",
    Kind.UNREACHED_LIBRARY: "set INSTALL_RPATH in CMake to where the wheel has that library, such "
    "as $ORIGIN/../lib",
    Kind.C_LIBRARY: "build all of the wheel with one C library",
    Kind.LIBPYTHON: "link Python::Module (component Development.Module) and not Python::Python: "
    "a module takes the C API from the interpreter that loads it",
    Kind.UNEXPORTED_SYMBOL: "do without that symbol, or link the library statically",
    Kind.INSTRUCTION_SET: "compile without -march and choose code for newer processors at run time",
    Kind.EXECUTABLE_STACK: "link with -Wl,-z,noexecstack, and give assembler sources a "
    ".note.GNU-stack section; glibc 2.41 and later refuse to load the object",
    Kind.RELATIVE_RELOCATIONS: "link with -Wl,-z,nopack-relative-relocs, or with "
    "-Wl,--pack-dyn-relocs=none where the linker is lld or mold",
    Kind.PAGE_ALIGNMENT: "link with -Wl,-z,max-page-size=65536",
    Kind.REMOVED_SYMBOL: "rebuild it with a Python from 3.7 on",
}
"""Kind of constraint -> advice for the author of the wheel."""


def explain(goal: str, portability: Portability, limit: int) -> Finding:
    """Explain what rules out ``goal``: constraints above ``limit``, and the tag without them."""
    blockers = portability.blockers(limit)
    lines = [f"{goal}:", *describe(blockers, portability)]
    if not blockers:
        lines.append("  no audited object speaks for it")
    floors = (c.floor for c in portability.constraints if c.floor <= limit)
    below = max((portability.lowest, *floors))
    if blockers and below < portability.floor:
        lines.append(f"without these it would be {portability.platforms_at(below)[-1]}")
    return Finding("\n".join(lines), hint=explain_ways_out(blockers))


def describe(constraints: Sequence[Constraint], portability: Portability) -> list[str]:
    """Render constraints as lines: object, subject, symbols, policy. Equal ones share a line."""
    alike: dict[tuple[int, str], list[Constraint]] = {}
    for item in constraints:
        alike.setdefault((item.floor, item.subject), []).append(item)
    lines = [_describe_alike(items, portability) for items in alike.values()]
    more = len(lines) - _MOST_LINES
    if more > 0:
        lines[_MOST_LINES:] = [f"  and {more} more, all in `felloe audit --json`"]
    return lines


def _describe_alike(items: Sequence[Constraint], portability: Portability) -> str:
    first = items[0]
    others = f" and {len(items) - 1} more objects need" if len(items) > 1 else " needs"
    family = portability.family
    policy = family.policy_name(first.floor) if family else None
    allowed = f"allowed from {policy} on" if policy else "allowed by no policy"
    return f"  {first.path}{others} {first.subject}{list_symbols(items)}: {allowed}"


def list_symbols(items: Sequence[Constraint]) -> str:
    """Return the first symbols of constraints with one subject, in brackets."""
    symbols = sorted({symbol for item in items for symbol in item.symbols})
    if not symbols or items[0].kind is not Kind.SYMBOL_VERSION:
        return ""
    shown = list(dict.fromkeys(map(shorten_symbol, symbols)))
    more = len(shown) - _MOST_SYMBOLS
    return f" ({', '.join(shown[:_MOST_SYMBOLS])}{f' and {more} more' if more > 0 else ''})"


def explain_ways_out(constraints: Iterable[Constraint]) -> str:
    """Return the advice for each kind of constraint, once."""
    kinds = dict.fromkeys(item.kind for item in constraints)
    return "; ".join(WAYS_OUT[kind] for kind in kinds)
