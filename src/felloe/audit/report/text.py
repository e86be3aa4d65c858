"""Render an audit for people: where the wheel runs, why not elsewhere, and what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from felloe.audit.evidence import AuditedObject, Evidence
from felloe.audit.hint import generalize
from felloe.audit.linux.constraint import Constraint
from felloe.audit.linux.explanation import explain_ways_out, list_symbols
from felloe.audit.linux.portability import Portability
from felloe.audit.macos.object import MachObject
from felloe.audit.object import AuditedFile
from felloe.audit.platform import list_paths
from felloe.audit.report.document import find_object_policy, find_portability
from felloe.audit.report.place import describe_places
from felloe.audit.verdict import Verdict
from felloe.audit.wheel_file import WheelAudit
from felloe.audit.windows.object import PeObject
from felloe.finding import Finding


def render_text(
    wheel: str, audit: WheelAudit, *, verbose: bool = False, width: int | None = None
) -> str:
    """Return the audit of one wheel for a terminal of ``width`` columns, None for any.

    The short form says whether the wheel passed, where it runs, what limits it and
    what to do; the verbose form has the tags, all files and all notes.
    """
    lines = _verbose(wheel, audit) if verbose else _short(wheel, audit)
    return "\n".join(piece for line in lines for piece in _wrap(line, width))


def _wrap(line: str, width: int | None) -> list[str]:
    """Wrap at spaces and indent the lines after the first."""
    if width is None or len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _short(wheel: str, audit: WheelAudit) -> Iterator[str]:
    yield wheel
    yield _headline(audit.verdict)
    yield from _findings("error", audit.verdict.faults)
    if audit.passed:
        yield from _limit(audit)
    notes = len(audit.verdict.notes)
    if notes:
        yield f"  {notes} {'note' if notes == 1 else 'notes'}: show with -v"


def _headline(verdict: Verdict) -> str:
    if not verdict.faults:
        return f"Passed: runs on {describe_places(verdict.claim.platforms)}"
    count = len(verdict.faults)
    found = "1 problem" if count == 1 else f"{count} problems"
    if verdict.proved.tag == verdict.claim.tag:
        return f"Failed: {found}"
    places = describe_places(verdict.proved.platforms)
    return f"Failed: {found}. Its files prove {verdict.proved.tag}: {places}"


def _limit(audit: WheelAudit) -> Iterator[str]:
    """Yield the facts that rule out the next better tag, and the ways to avoid them."""
    portability = find_portability(audit.verdict)
    if portability is None or portability.family is None:
        return
    old = portability.family.position(_OLD_ENOUGH) or portability.lowest
    if portability.floor <= old:
        return
    deciding = [item for item in portability.constraints if item.floor == portability.floor]
    alike: dict[str, list[Constraint]] = {}
    for item in deciding:
        alike.setdefault(item.subject, []).append(item)
    for items in list(alike.values())[:_MOST_LIMITS]:
        yield f"  limited by {_needed_by(items)}"
    if len(alike) > _MOST_LIMITS:
        yield f"  and {len(alike) - _MOST_LIMITS} more, shown with -v"
    hint = explain_ways_out(deciding)
    yield f"  for older systems: {hint if audit.has_settings else generalize(hint)}"


_MOST_LIMITS = 3
_OLD_ENOUGH = "manylinux_2_17"
"""The oldest policy of a system that a supported Python runs on."""


def _findings(label: str, findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        first, *rest = finding.message.split("\n")
        yield f"  {label}: {first}"
        yield from (f"  {line}" for line in rest)
        if finding.hint:
            yield f"  hint: {finding.hint}"


def _verbose(wheel: str, audit: WheelAudit) -> Iterator[str]:
    verdict = audit.verdict
    yield wheel
    yield _headline(verdict)
    yield f"  claimed  {verdict.claim.tag}"
    yield f"  proved   {verdict.proved.tag}"
    portability = find_portability(verdict)
    yield from _tables(audit.evidence, portability)
    if portability is not None:
        yield from _better_lines(portability)
    for label, findings in (("error", verdict.faults), ("note", verdict.notes)):
        for finding in findings:
            yield ""
            yield from _findings(label, [finding])


def _better_lines(portability: Portability) -> Iterator[str]:
    """Yield, for each better policy, the facts that rule it out and not the next one."""
    family = portability.family
    if family is None:
        return
    for position in range(min(portability.floor, len(family.policies)) - 1, -1, -1):
        is_newest = position == len(family.policies) - 1
        alike: dict[str, list[Constraint]] = {}
        for item in portability.constraints:
            if item.floor == position + 1 or (is_newest and item.floor > position):
                alike.setdefault(item.subject, []).append(item)
        if alike:
            yield ""
            yield f"  {family.policies[position].name} is ruled out by:"
            yield from (f"    {_needed_by(items)}" for items in alike.values())


def _needed_by(items: list[Constraint]) -> str:
    objects = list_paths([item.path for item in items])
    return f"{items[0].subject}{list_symbols(items)} in {objects}"


Row = tuple[str, str, str, str]
"""Machine, ABI, version or policy, and needed libraries of files."""

_ELF = ("object", "machine", "ABI or kind", "best policy", "needs")
_MACHO = ("object", "machine", "ABI or kind", "macOS from", "needs")
_PE = ("object", "machine", "ABI or kind", "Windows from", "needs")


def _tables(evidence: Evidence, portability: Portability | None) -> Iterator[str]:
    def describe_elf(item: AuditedObject) -> Row:
        machine = item.elf.architecture or "unknown"
        policy = find_object_policy(item, portability) or "none"
        return machine, _kind(item), policy, _join(item.elf.needed)

    yield from _table(_ELF, ((item.path, describe_elf(item)) for item in evidence.objects))
    yield from _table(_MACHO, ((x.path, _describe_macho(x)) for x in evidence.mach_objects))
    yield from _table(_PE, ((x.path, _describe_pe(x)) for x in evidence.pe_objects))


def _describe_macho(item: MachObject) -> Row:
    images = item.macho.slices
    versions = dict.fromkeys(str(image.minimum_macos or "unknown") for image in images)
    needed = dict.fromkeys(dylib.name for image in images for dylib in image.dylibs)
    return " ".join(item.macho.cpus), _kind(item), " ".join(versions), _join(needed)


def _describe_pe(item: PeObject) -> Row:
    machine = ".NET" if item.pe.is_managed else item.pe.platform or f"{item.pe.machine:#x}"
    version = ".".join(map(str, item.pe.subsystem_version))
    return machine, _kind(item), version, _join(dict.fromkeys(dll.name for dll in item.pe.dlls))


def _kind(item: AuditedFile) -> str:
    if item.module is None:
        return item.role.value
    return item.module.abi_tag or item.module.abi.value


def _join(names: Iterable[str]) -> str:
    return " ".join(names) or "nothing"


def _table(head: tuple[str, ...], files: Iterable[tuple[str, Row]]) -> Iterator[str]:
    """Yield one row for all files that differ only in their paths."""
    alike: dict[Row, list[str]] = {}
    for path, row in files:
        alike.setdefault(row, []).append(path)
    if not alike:
        return
    rows: list[tuple[str, ...]] = [head]
    rows += [(list_paths(paths), *row) for row, paths in alike.items()]
    widths = [max(len(line[column]) for line in rows) for column in range(4)]
    yield ""
    for line in rows:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        yield "  " + "  ".join([*cells, line[4]])
