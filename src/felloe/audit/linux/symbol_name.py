"""Shorten C++ symbols to the name of the function (Itanium C++ ABI, "Mangling")."""

from __future__ import annotations

import re

_LONGEST = 48
_NESTED = re.compile(r"N[rVK]*[RO]?")
_LENGTH = re.compile(r"\d+")
_SUBSTITUTIONS = {
    "St": "std",
    "Sa": "std::allocator",
    "Sb": "std::basic_string",
    "Ss": "std::string",
    "Si": "std::istream",
    "So": "std::ostream",
    "Sd": "std::iostream",
}
_OPERATORS = {
    "nw": "operator new",
    "na": "operator new[]",
    "dl": "operator delete",
    "da": "operator delete[]",
}
_SPECIAL = {"TV": "vtable for ", "TI": "typeinfo for ", "TS": "typeinfo name for "}


def shorten_symbol(symbol: str) -> str:
    """Return a readable name: ``std::__throw_bad_alloc`` for ``_ZSt17__throw_bad_allocv``.

    Argument types and template arguments are left out. A name that is not mangled, or
    in a way not understood here, is returned as it is, cut to 48 characters.
    """
    name = _read_name(symbol[2:]) if symbol.startswith("_Z") else ""
    short = name or symbol
    return short if len(short) <= _LONGEST else f"{short[:_LONGEST]}…"


def _read_name(rest: str) -> str:
    if rest[:2] in _OPERATORS:
        return _OPERATORS[rest[:2]]
    prefix = _SPECIAL.get(rest[:2], "")
    rest = rest[2:] if prefix else rest
    nested = _NESTED.match(rest)
    rest = rest[nested.end() :] if nested else rest
    parts: list[str] = []
    while rest:
        length = _LENGTH.match(rest)
        if length and len(length[0]) < 5:
            end = length.end() + int(length[0])
            parts.append(rest[length.end() : end])
            rest = rest[end:]
        elif rest[:2] in _SUBSTITUTIONS and not parts:
            parts.append(_SUBSTITUTIONS[rest[:2]])
            rest = rest[2:]
        elif rest[:1] in ("C", "D") and rest[1:2].isdigit() and parts:
            last = parts[-1].rpartition("::")[2]
            parts.append(f"~{last}" if rest[0] == "D" else last)
            break
        else:
            break
        if not nested and parts != ["std"]:
            break
    found = parts and parts != ["std"] and all(part.replace("::", "").strip() for part in parts)
    return prefix + "::".join(parts) if found else ""
