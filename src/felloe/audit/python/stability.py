"""What the files of a wheel use of the C API, held against the stable ABI (PEP 384)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from felloe.audit.evidence import Evidence
from felloe.audit.hint import PY_API, PYBIND11
from felloe.audit.object import AuditedFile
from felloe.audit.python.extension import Abi
from felloe.audit.python.module_file import STABLE
from felloe.audit.python.stable_abi import Violation, find_violations
from felloe.finding import Finding
from felloe.wheel.tags import WheelName, python_version

_FIRST = (3, 2)
"""The first Python with a stable ABI (PEP 384)."""


def find_breaches(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    """Files that use more than the stable ABI that ``claim`` promises has."""
    for item, floor, violations in _violations(evidence, claim):
        yield _violation_finding(item, floor, violations)


def _violations(
    evidence: Evidence, claim: WheelName
) -> Iterator[tuple[AuditedFile, tuple[int, int], Sequence[Violation]]]:
    versions = [version for version in map(python_version, claim.pythons) if version]
    if not set(STABLE) & set(claim.abis) or not versions:
        return
    floor = min(versions)
    for item, violations in _violations_of(evidence, floor):
        yield item, floor, violations


def _violations_of(
    evidence: Evidence, floor: tuple[int, int]
) -> Iterator[tuple[AuditedFile, Sequence[Violation]]]:
    """What each file that is meant for the stable ABI uses and that of ``floor`` lacks."""
    own = frozenset(name for item in evidence.files for name in item.python_exports)
    for item in evidence.files:
        if item.module is not None and item.module.abi is Abi.VERSION:
            continue  # not what an abi3 interpreter loads; judged by its suffix
        used = (s.name for s in item.python_imports if not s.weak and s.name not in own)
        violations = find_violations(used, floor)
        if violations:
            yield item, violations


def _violation_finding(
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
    ways = ["drop the calls (Py_LIMITED_API makes the compiler refuse them)"]
    if needed and None not in added:
        ways.insert(0, f"raise {PY_API} to cp{needed[0]}{needed[1]}")
    elif needed:
        ways.insert(0, f"remove {PY_API}")
    else:
        ways.insert(0, f"remove {PY_API}")
    return Finding("\n".join(lines), hint=", or ".join(ways), path=item.path)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def find_floor(evidence: Evidence) -> tuple[int, int]:
    """The Python that first has all that is used of the stable ABI."""
    found = (v for _, violations in _violations_of(evidence, _FIRST) for v in violations)
    return max((violation.added for violation in found if violation.added), default=_FIRST)
