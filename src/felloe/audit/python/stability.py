"""Compare the uses of the C API with the stable ABI that a wheel declares (PEP 384)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from felloe.audit.evidence import AuditedObject, Evidence
from felloe.audit.hint import PY_API, PYBIND11
from felloe.audit.object import AuditedFile
from felloe.audit.python.extension import Abi
from felloe.audit.python.module_file import STABLE
from felloe.finding import Finding
from felloe.python.stable_abi import read_stable_abi
from felloe.wheel.tags import WheelName, python_version

_FIRST = (3, 2)
"""The first Python with a stable ABI."""


class Violation(NamedTuple):
    """A C API name that the declared version does not promise."""

    symbol: str
    added: tuple[int, int] | None
    """The Python version whose stable ABI first has it; None if none has."""


def find_violations(symbols: Iterable[str], floor: tuple[int, int]) -> tuple[Violation, ...]:
    """Return the imported ``Py*`` names that are not in the stable ABI of ``floor``."""
    abi, found = read_stable_abi(), []
    for name in sorted(set(symbols)):
        added = abi.find_added(name)
        if added is None or added > floor:
            found.append(Violation(name, added))
    return tuple(found)


class StabilityFindings(NamedTuple):
    """Findings about files that must stay within the stable ABI."""

    problems: list[Finding]
    notes: list[Finding]
    """About names that a library outside of the wheel may define."""


def judge_stability(
    evidence: Evidence, claim: WheelName, waived: frozenset[str] = frozenset()
) -> StabilityFindings:
    """Find files that use more than the stable ABI which ``claim`` promises.

    ``waived`` are needed libraries that are on the user's machine. A name that is in
    no stable ABI at all may be theirs, as PySide6's are libshiboken6's.
    """
    found = StabilityFindings([], [])
    versions = [version for version in map(python_version, claim.pythons) if version]
    if not set(STABLE) & set(claim.abis) or not versions:
        return found
    floor = min(versions)
    for item, violations in _violations_of(evidence, floor):
        libraries = _find_outside(item, waived)
        unknown = [x for x in violations if libraries and x.added is None]
        certain = [x for x in violations if x not in unknown]
        if certain:
            found.problems.append(_explain_violations(item, floor, certain))
        if unknown:
            found.notes.append(_explain_unknown(item, floor, unknown, libraries))
    return found


def _find_outside(item: AuditedFile, waived: frozenset[str]) -> list[str]:
    """Return the libraries outside the wheel whose symbols a file may import.

    Mach-O and PE files name the library of each symbol, so only ELF leaves it open.
    """
    if not isinstance(item, AuditedObject):
        return []
    return [name for name in item.elf.needed if name in waived]


def _violations_of(
    evidence: Evidence, floor: tuple[int, int]
) -> Iterator[tuple[AuditedFile, Sequence[Violation]]]:
    """Return each file for the stable ABI with its uses that ``floor`` does not promise."""
    own = frozenset(name for item in evidence.files for name in item.python_exports)
    for item in evidence.files:
        if item.module is not None and item.module.abi is Abi.VERSION:
            continue  # no interpreter loads it as abi3; its suffix is judged
        used = (s.name for s in item.python_imports if not s.weak and s.name not in own)
        violations = find_violations(used, floor)
        if violations:
            yield item, violations


def _explain_violations(
    item: AuditedFile, floor: tuple[int, int], violations: Sequence[Violation]
) -> Finding:
    lines = [f"{item.path} breaks the stable ABI of Python {_dotted(floor)} it promises:"]
    for violation in violations:
        since = "not in the stable ABI"
        if violation.added:
            since = f"in the stable ABI since Python {_dotted(violation.added)}"
        lines.append(f"  {violation.symbol}: {since}")
    if item.pybind11:
        return Finding("\n".join(lines), hint=f"{PYBIND11}; remove {PY_API}", path=item.path)
    added = [violation.added for violation in violations]
    needed = max((version for version in added if version), default=None)
    first = f"remove {PY_API}"
    if needed and None not in added:
        first = f"raise {PY_API} to cp{needed[0]}{needed[1]}"
    hint = f"{first}, or drop the calls (Py_LIMITED_API makes the compiler refuse them)"
    return Finding("\n".join(lines), hint=hint, path=item.path)


def _explain_unknown(
    item: AuditedFile,
    floor: tuple[int, int],
    violations: Sequence[Violation],
    libraries: Sequence[str],
) -> Finding:
    names = [violation.symbol for violation in violations]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return Finding(
        f"the stable ABI of Python {_dotted(floor)} cannot be proved for {item.path}: "
        f"{', '.join(names[:3])}{more} may come from {', '.join(libraries)}, which is not in the "
        "wheel",
        path=item.path,
    )


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def find_floor(evidence: Evidence) -> tuple[int, int]:
    """Return the first Python whose stable ABI has all names that are in any."""
    found = (v for _, violations in _violations_of(evidence, _FIRST) for v in violations)
    return max((violation.added for violation in found if violation.added), default=_FIRST)
