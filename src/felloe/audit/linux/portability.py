"""Decide which policies the ELF files of a wheel meet.

Each object's constraints have floors in a family of policies; the wheel's
floor is the highest of them. Sources: PEP 600, PEP 656 and the policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from felloe.audit.evidence import AuditedObject, Evidence, constrain_needed, find_places
from felloe.audit.linux.constraint import Constraint, Kind
from felloe.audit.linux.lint import observe
from felloe.audit.object import Role
from felloe.audit.platform import ONE_MACHINE
from felloe.audit.policy.family import FAMILY_OF_LIBC, NEVER, Policies, PolicyFamily
from felloe.binary.elf.layout import is_known
from felloe.finding import Finding

_DEFAULT_MUSL = "musllinux_1_2"


@dataclass(frozen=True)
class Portability:
    """The policies that the binaries of a wheel meet, and the facts that limit them."""

    architecture: str
    family: PolicyFamily | None
    """None for a machine without policies."""
    floor: int
    """Position in the family of the oldest policy that holds, or ``NEVER``."""
    lowest: int
    """The floor without any constraint."""
    constraints: tuple[Constraint, ...]
    """All facts that the oldest policy does not allow, hardest first."""
    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    self_contained: bool
    """True if the objects need no library, so that they run with every C library."""

    @property
    def policy(self) -> str | None:
        """The best policy that holds, without architecture."""
        return self.family.policy_name(self.floor) if self.family else None

    def platforms(self) -> tuple[str, ...]:
        """Return the best platform tags that hold: a policy's, or ``linux_<architecture>``."""
        return self.platforms_at(self.floor)

    def platforms_at(self, floor: int) -> tuple[str, ...]:
        """Return the tags of the policy at ``floor``."""
        if self.family is None or floor >= len(self.family.policies):
            return (f"linux_{self.architecture}",)
        return self.family.policies[floor].platforms(self.architecture)

    def blockers(self, floor: int) -> tuple[Constraint, ...]:
        """Return the constraints that rule out the policy at ``floor``."""
        return tuple(item for item in self.constraints if item.floor > floor)


def judge_portability(
    evidence: Evidence,
    architecture: str,
    default_libc: str,
    policies: Policies,
    waived: frozenset[str] = frozenset(),
) -> Portability:
    """Judge the ELF objects for ``architecture``.

    ``default_libc`` speaks for wheels whose objects need no C library;
    ``waived`` are needed names that the user's machine is known to have.
    """
    own = [item for item in evidence.objects if item.elf.architecture == architecture]
    foreign = [item for item in evidence.objects if item.elf.architecture != architecture]
    family = find_family(own, architecture, default_libc, policies)
    constraints = sorted(
        _constraints(evidence.provided(architecture), waived, own, family),
        key=lambda item: (-item.floor, item.path, item.kind.value, item.subject),
    )
    lowest = _lowest(own, family)
    floor = max((item.floor for item in constraints), default=lowest)
    return Portability(
        architecture=architecture,
        family=family,
        floor=max(floor, lowest),
        lowest=lowest,
        constraints=tuple(constraints),
        problems=tuple(_misplaced_modules(evidence, architecture)),
        notes=tuple(_notes(own, foreign, evidence)),
        self_contained=bool(own) and not any(item.libc or item.elf.needed for item in own),
    )


def find_family(
    objects: Sequence[AuditedObject], architecture: str, default_libc: str, policies: Policies
) -> PolicyFamily | None:
    """Return the policies for the C library that the objects name; None for unknown machines.

    ``default_libc`` applies if they name none, or several.
    """
    named = {item.libc for item in objects if item.libc}
    libc = named.pop() if len(named) == 1 else default_libc
    return policies.get((FAMILY_OF_LIBC[libc], architecture))


def _constraints(
    provided: frozenset[str],
    waived: frozenset[str],
    objects: list[AuditedObject],
    family: PolicyFamily | None,
) -> Iterator[Constraint]:
    if family is None:
        return
    places = find_places(objects)
    for item in objects:
        if item.libc is not None and FAMILY_OF_LIBC[item.libc] != family.name:
            subject = f"another C library than the rest ({item.libc})"
            yield Constraint(item.path, Kind.C_LIBRARY, subject, NEVER)
            continue
        yield from item.constraints
        needed = constrain_needed(item, family, provided, places)
        yield from (found for found in needed if found.subject not in waived)


def _lowest(objects: list[AuditedObject], family: PolicyFamily | None) -> int:
    """Return the floor of a wheel without constraints; ``NEVER`` if it has no object."""
    if family is None or not any(item.role is not Role.OBJECT for item in objects):
        return NEVER
    # musl has no symbol versions, so objects cannot show that they would do
    # with 1.1, which nobody has maintained since 2021.
    return family.position(_DEFAULT_MUSL) or 0


def _misplaced_modules(evidence: Evidence, architecture: str) -> Iterator[Finding]:
    """Yield a problem for each module that interpreters for this machine cannot load."""
    for item in evidence.objects:
        if item.module is None:
            continue
        named = item.module.architecture or architecture
        if _kin(named) == _kin(architecture) and _may_run(item, architecture):
            continue
        subject = f"is built for {_machine(item)}"
        if named != architecture:
            subject += f" and named for {named}"
        yield Finding(
            f"{item.path} {subject}, the wheel's tag says {architecture}",
            hint=ONE_MACHINE,
            path=item.path,
        )
    for other in (*evidence.mach_objects, *evidence.pe_objects):
        if other.module is not None and other.module.suffix.endswith(".so"):
            yield Finding(
                f"{other.path} is not a module for Linux on {architecture} (it is built for "
                f"{other.built_for})",
                hint=ONE_MACHINE,
                path=other.path,
            )
    for opaque in evidence.opaque:
        if opaque.module is not None and opaque.module.suffix.endswith(".so"):
            yield Finding(
                f"{opaque.path} is not a module for Linux on {architecture} ({opaque.reason})",
                hint=ONE_MACHINE,
                path=opaque.path,
            )


# Machines that share an ELF machine number: which of them a file is for, it does not say.
_KIN = re.compile(r"(?P<arm>armv\d\w*)|(?P<x86>i[3-6]86)")


def _kin(architecture: str) -> str:
    match = _KIN.fullmatch(architecture)
    return match.lastgroup or architecture if match else architecture


def _may_run(item: AuditedObject, architecture: str) -> bool:
    """Return False if the object is known to be for another machine."""
    found = item.elf.architecture
    if found is None:  # soft-float ARM, or a machine that no policy knows
        if _kin(architecture) == "arm":
            return item.elf.machine == _EM_ARM
        return not is_known(architecture)
    return _kin(found) == _kin(architecture)


_EM_ARM = 40


def _machine(item: AuditedObject) -> str:
    return item.elf.architecture or f"the ELF machine {item.elf.machine}"


def _notes(
    own: list[AuditedObject], foreign: list[AuditedObject], evidence: Evidence
) -> Iterator[Finding]:
    provided = evidence.provided(own[0].elf.architecture if own else None)
    for item in own:
        yield from observe(item, provided)
    for item in foreign:
        if item.module is None:
            yield Finding(f"{item.path} is for {_machine(item)}: not audited", path=item.path)
    for other in (*evidence.mach_objects, *evidence.pe_objects):
        if other.module is None:
            yield Finding(
                f"{other.path} is built for {other.built_for}: not audited", path=other.path
            )
    for opaque in evidence.opaque:
        if opaque.module is None:
            yield Finding(f"{opaque.path}: {opaque.reason}", path=opaque.path)
