"""What the binaries of a wheel for macOS or Windows prove about its platform tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from felloe.audit.evidence import Evidence
from felloe.audit.object import AuditedFile
from felloe.finding import Finding


class MissingLibrary(NamedTuple):
    """A library that a file needs, and neither the wheel nor the system has."""

    path: str
    """The file that needs it."""
    library: str
    """As the file names it."""
    is_python: bool = False
    """It is an interpreter's: nothing to bring along, but not to be linked with."""


@dataclass(frozen=True)
class PlatformProof:
    """The platform tags that hold, and what is wrong or odd about those claimed."""

    platforms: tuple[str, ...]
    """The best that the files prove; the claim's where they prove none."""
    holds: bool
    """The claimed tags are among what is proved, or promise less."""
    problems: tuple[Finding, ...]
    """Files that are for another system or machine than the tags say."""
    shortfalls: tuple[Finding, ...]
    """Promises to other machines of the system that are not kept: too old a version of it, a
    library that they have not. The wheel may still do on the machine it was built on."""
    missing: tuple[MissingLibrary, ...]
    notes: tuple[Finding, ...]


def list_paths(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def explain_missing(missing: Sequence[MissingLibrary], system: str) -> list[Finding]:
    """One finding for each library, whoever needs it."""
    needed: dict[tuple[str, bool], list[str]] = {}
    for item in missing:
        needed.setdefault((item.library, item.is_python), []).append(item.path)
    return [
        Finding(
            f"{library} is neither in the wheel nor a part of {system}: needed by "
            f"{list_paths(paths)}",
            hint=_LINKED_PYTHON if is_python else _BRING.format(tool=_TOOLS[system]),
            path=paths[0],
        )
        for (library, is_python), paths in needed.items()
    ]


_TOOLS = {"macOS": "delocate", "Windows": "delvewheel"}
_BRING = (
    "link that library statically, install() it into the wheel, or copy it in with {tool}: "
    "felloe copies libraries into wheels for Linux alone"
)
_LINKED_PYTHON = (
    "link Python::Module (component Development.Module) and not Python::Python: a module takes "
    "the C API from the interpreter that loads it"
)


def find_strangers(
    evidence: Evidence, own: type[AuditedFile], system: str, tags: str
) -> tuple[list[Finding], list[Finding]]:
    """Problems and notes about files that are not of the format ``own``, the system's.

    ``tags`` are what the wheel claims.
    """
    problems: list[Finding] = []
    unknown: dict[str, list[str]] = {}
    for item in evidence.files:
        if isinstance(item, own):
            continue
        if item.module is not None:
            message = f"{item.path} is built for {item.built_for}, the wheel's tag says {tags}"
            problems.append(Finding(message, hint=ONE_MACHINE, path=item.path))
        else:
            unknown.setdefault(f"built for {item.built_for}, not audited", []).append(item.path)
    for opaque in evidence.opaque:
        if opaque.module is not None:
            message = f"{opaque.path} is no module for {system} ({opaque.reason})"
            problems.append(Finding(message, hint=ONE_MACHINE, path=opaque.path))
        else:
            unknown.setdefault(opaque.reason, []).append(opaque.path)
    notes = [Finding(f"{list_paths(x)}: {why}", path=x[0]) for why, x in unknown.items()]
    return problems, notes


ONE_MACHINE = (
    "build all of the wheel for one machine; when cross compiling set "
    "_PYTHON_HOST_PLATFORM to the machine that CMake compiles for"
)
"""The way out wherever a file is for another machine or system than the wheel."""
