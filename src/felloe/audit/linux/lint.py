"""Find problems of an object that rule out no tag: relocations, search paths, dlopen."""

from __future__ import annotations

from collections.abc import Iterator

from felloe.audit.evidence import AuditedObject
from felloe.audit.hint import INCLUDE
from felloe.finding import Finding

_ORIGIN_PATHS = "set INSTALL_RPATH in CMake to $ORIGIN paths"


def observe(item: AuditedObject, provided: frozenset[str]) -> Iterator[Finding]:
    """Yield notes about one object; ``provided`` are the names of libraries in the wheel."""
    yield from _relocations(item)
    for soname in item.elf.dlopened:
        if soname not in provided:
            yield Finding(
                f"{item.path} declares that it loads {soname} at run time",
                hint=INCLUDE,
                path=item.path,
            )
    for name, entries in (("RPATH", item.elf.rpath), ("RUNPATH", item.elf.runpath)):
        for entry in entries:
            problem = _find_path_problem(name, entry)
            if problem:
                yield Finding(f"{item.path} {problem}", hint=_ORIGIN_PATHS, path=item.path)


def _relocations(item: AuditedObject) -> Iterator[Finding]:
    if item.elf.text_relocations:
        yield Finding(
            f"{item.path} has text relocations, which hardened systems refuse",
            hint="compile every source of it with -fPIC",
            path=item.path,
        )
    if item.elf.relative_relocations and item.libc == "musl":
        yield Finding(
            f"{item.path} has packed relocations (DT_RELR), which musl applies from 1.2.4 on",
            path=item.path,
        )


def _find_path_problem(name: str, entry: str) -> str:
    if not entry:
        return (
            f"has an empty {name} entry: the loader searches the current directory, whoever owns it"
        )
    if entry.startswith("/"):
        return f"has the {name} entry {entry}, a place on the build machine"
    return "" if is_relative_to_origin(entry) else f"has the {name} entry {entry}, no place"


def is_relative_to_origin(entry: str) -> bool:
    """Return True if an RPATH entry begins at the object's own directory (ld.so(8))."""
    return entry.partition("/")[0] in ("$ORIGIN", "${ORIGIN}")
