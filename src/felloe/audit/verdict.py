"""What a wheel may be called: the proof held against what was asked and claimed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from felloe.audit.abi import judge_abi
from felloe.audit.evidence import AuditedObject, Evidence
from felloe.audit.explanation import explain
from felloe.audit.object import AuditedFile, Role
from felloe.audit.platform_proof import ONE_MACHINE, MissingLibrary, PlatformProof, list_paths
from felloe.audit.portability import Portability, judge_portability
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.policy.family import NEVER, Policies
from felloe.tags import WheelName, is_macos_tag, is_windows_tag, pypi_accepts

OTHER_LIBC = (
    'compile for that C library: with `toolchain = "zig"` in [tool.felloe], or with a toolchain '
    "file of your own"
)
_POLICY_TAG = re.compile(
    r"(?P<policy>manylinux(1|2010|2014)|(many|musl)linux_\d+_\d+)(_(?P<architecture>[a-z]\w*))?"
)
_LINUX_TAG = re.compile(
    r"(linux|manylinux(1|2010|2014|_\d+_\d+)|musllinux_\d+_\d+)_(?P<architecture>[a-z]\w*)"
)

# Of other systems, such as Android and FreeBSD, the files are ELF as well.
_NO_ELF_TAG = re.compile(r"(ios|(py)?emscripten|pyodide|wasi|aix|cygwin|mingw)_\w+")


@dataclass(frozen=True)
class Verdict:
    """The outcome for one wheel."""

    claim: WheelName
    proved: WheelName
    """The same wheel under the best tags that its files prove."""
    problems: tuple[Finding, ...]
    """Claims that are false."""
    notes: tuple[Finding, ...]
    portability: Portability | None
    """None for a wheel that is not for Linux, or has no binaries."""
    shortfalls: tuple[Finding, ...] = ()
    """Claims that are false of other machines than the one at hand: see :class:`PlatformProof`."""
    platforms_hold: bool = True
    """No platform tag of macOS promises more than the files do."""
    missing: tuple[MissingLibrary, ...] = ()
    """What a wheel for macOS or Windows needs, and neither it nor the system has."""

    @property
    def faults(self) -> tuple[Finding, ...]:
        """All that is false about the claim."""
        return (*self.problems, *self.shortfalls)


def judge(
    evidence: Evidence,
    claim: WheelName,
    default_libc: str,
    policies: Policies,
    waived: frozenset[str] = frozenset(),
) -> Verdict:
    """Hold all tags of ``claim`` against the evidence.

    ``default_libc`` and ``waived`` are as for :func:`judge_portability`.
    """
    abi = judge_abi(evidence, claim)
    architecture = find_architecture(claim.platforms)
    proof = _judge_system(evidence, claim, waived) if evidence.has_binaries else None
    if architecture is None and proof is not None:
        return Verdict(
            claim=claim,
            proved=claim.with_tags(abi.pythons, abi.abis, proof.platforms),
            problems=(*abi.problems, *proof.problems),
            notes=(*abi.notes, *proof.notes),
            portability=None,
            shortfalls=proof.shortfalls,
            platforms_hold=proof.holds,
            missing=proof.missing,
        )
    if architecture is None or not evidence.has_binaries:
        problems = (*abi.problems, *_platform_problems(evidence, claim))
        proved = claim.with_tags(abi.pythons, abi.abis, claim.platforms)
        notes = (*abi.notes, *_platform_notes(evidence, claim))
        return Verdict(claim, proved, problems, notes, None)
    portability = judge_portability(evidence, architecture, default_libc, policies, waived)
    return Verdict(
        claim=claim,
        proved=claim.with_tags(abi.pythons, abi.abis, portability.platforms()),
        problems=(*abi.problems, *portability.problems, *_overclaims(portability, claim)),
        notes=(*abi.notes, *portability.notes),
        portability=portability,
    )


def _judge_system(
    evidence: Evidence, claim: WheelName, waived: frozenset[str]
) -> PlatformProof | None:
    """What is proved of a wheel for macOS or Windows; None for any other.

    Raises :class:`FelloeError` if the tags name one of them and something else.
    """
    if all(map(is_macos_tag, claim.platforms)):
        from felloe.audit.macos import judge_macos
        from felloe.policy.system import read_macos_system

        return judge_macos(evidence, claim.platforms, read_macos_system(), waived)
    if all(map(is_windows_tag, claim.platforms)):
        from felloe.audit.windows import judge_windows
        from felloe.policy.system import read_windows_system

        return judge_windows(evidence, claim.platforms, read_windows_system(), waived)
    if any(is_macos_tag(tag) or is_windows_tag(tag) for tag in claim.platforms):
        raise FelloeError(
            f"a wheel is for one system, this one is tagged for {', '.join(claim.platforms)}"
        )
    return None


def find_architecture(platforms: Sequence[str]) -> str | None:
    """The machine that Linux platform tags name; None for any other platform.

    Raises :class:`FelloeError` if they name more than one.
    """
    matches = [match for match in map(_LINUX_TAG.fullmatch, platforms) if match]
    found = sorted({match["architecture"] for match in matches})
    if len(found) > 1:
        raise FelloeError(f"a wheel is for one machine, this one is tagged for {', '.join(found)}")
    return found[0] if found else None


def _platform_problems(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    if not evidence.has_binaries:
        if claim.platforms != ("any",):
            yield Finding(
                f"the tag {claim.tag} promises binaries for {'.'.join(claim.platforms)}, "
                "the wheel holds none",
                hint="install() what CMake builds into the wheel, or set `wheel.cmake = false` "
                "(or `wheel.platlib = false`) in [tool.scikit-build] for a pure Python wheel",
            )
        return
    for item in evidence.objects:
        if item.module is not None and _is_misplaced(item, claim):
            yield Finding(
                f"{item.path} is built for Linux on {item.elf.architecture or 'another machine'}, "
                f"the wheel's tag says {'.'.join(claim.platforms)}",
                hint=ONE_MACHINE,
                path=item.path,
            )
    if "any" in claim.platforms:
        several = _find_several(evidence)
        for path, built_for in _bound_to_a_machine(evidence):
            if path in several:
                continue
            yield Finding(
                f"{path} is built for {built_for}, the tag {claim.tag} promises any machine",
                hint="set `wheel.platlib = true` in [tool.scikit-build]",
                path=path,
            )


def _is_misplaced(item: AuditedObject, claim: WheelName) -> bool:
    """Whether an ELF file is for Linux and the claim, which is for another system, is not."""
    if "any" in claim.platforms:
        return False
    return item.libc == "glibc" or any(map(_NO_ELF_TAG.fullmatch, claim.platforms))


def _platform_notes(evidence: Evidence, claim: WheelName) -> Iterator[Finding]:
    if not evidence.has_binaries:
        return
    if "any" not in claim.platforms:
        said = ".".join(claim.platforms)
        yield Finding(f"nothing here knows what {said} promises: it is taken on trust")
        return
    alike: dict[str, list[str]] = {}
    for path, built_for in _find_several(evidence).items():
        alike.setdefault(built_for, []).append(path)
    for built_for, paths in alike.items():
        yield Finding(f"{list_paths(paths)}: built for {built_for}, not audited", path=paths[0])


def _find_several(evidence: Evidence) -> dict[str, str]:
    """Path -> machine of the files that are there for several, so that each finds one for itself.

    Modules have their like under the same name, all else wherever it is.
    """
    files: list[AuditedFile] = [x for x in evidence.objects if x.elf.architecture]
    files += evidence.mach_objects
    files += [x for x in evidence.pe_objects if x.role is not Role.PROGRAM]
    alike: dict[str, dict[str, str]] = {}
    for item in files:
        if item.role is not Role.OBJECT:
            name = item.module.stem if item.module else ""
            alike.setdefault(name, {})[item.path] = item.built_for
    several = (group for group in alike.values() if len(set(group.values())) > 1)
    return {path: built_for for group in several for path, built_for in group.items()}


def _bound_to_a_machine(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What does not run everywhere; of Windows only modules, for pure wheels carry launchers."""
    for item in evidence.objects:
        if item.role is not Role.OBJECT and item.elf.architecture:
            yield item.path, item.elf.architecture
    for mach in evidence.mach_objects:
        if mach.role is not Role.OBJECT:
            yield mach.path, mach.built_for
    for pe in evidence.pe_objects:
        if pe.module is not None:
            yield pe.path, pe.built_for


def _overclaims(portability: Portability, claim: WheelName) -> Iterator[Finding]:
    """Policy tags of the claim that the binaries do not meet."""
    for platform in claim.platforms:
        match = _POLICY_TAG.fullmatch(platform)
        if match is None:
            continue
        limit = find_limit(portability, match["policy"])
        if limit is None and portability.self_contained:
            limit = NEVER - 1  # what no policy allows is all that can stand in the way
        if limit is None:
            yield Finding(f"the tag {platform} is not proved: {_other_family(portability)}")
        elif portability.blockers(limit):
            yield explain(f"the tag {platform} is not proved", portability, limit)


@dataclass(frozen=True)
class PlatformChoice:
    """The platform tags to write, and why they are not those wanted, if they are not."""

    platforms: tuple[str, ...]
    violation: Finding | None


def choose_platforms(
    portability: Portability, wanted: str, origin: str, before: Sequence[str] = ()
) -> PlatformChoice:
    """Settle the platform tags of a wheel being made.

    ``wanted`` is ``auto``, ``linux``, ``pypi`` or a policy; ``origin`` says
    where it was set. ``before`` are the tags that the wheel had.
    """
    best = (*portability.platforms(), *_find_others(portability, before))
    if wanted == "linux":
        return PlatformChoice((f"linux_{portability.architecture}",), None)
    if wanted in ("auto", "pypi"):
        return PlatformChoice(best, _general_violation(portability, must_upload=wanted == "pypi"))
    match = _POLICY_TAG.fullmatch(wanted)
    if match is None or match["architecture"] not in (None, portability.architecture):
        return PlatformChoice(
            best,
            Finding(
                f"{origin} wants {wanted}; the wheel is tagged {'.'.join(best)}: "
                f"its binaries are for {portability.architecture}",
                hint="name a policy without a machine, such as manylinux_2_28",
            ),
        )
    limit = find_limit(portability, match["policy"])
    goal = f"{origin} wants {wanted}; the wheel is tagged {'.'.join(best)}"
    if limit is None:
        message = f"{goal}: {_other_family(portability)}"
        return PlatformChoice(best, Finding(message, hint=OTHER_LIBC))
    if portability.blockers(limit) or portability.floor > limit:
        return PlatformChoice(best, explain(goal, portability, limit))
    asked = f"{match['policy']}_{portability.architecture}"
    return PlatformChoice(tuple(sorted({*best, *_synonyms(portability, asked)})), None)


def _find_others(portability: Portability, before: Sequence[str]) -> Iterator[str]:
    """Policy tags for systems with the other C library that hold, because none is needed."""
    if portability.self_contained and portability.policy is not None:
        for platform in before:
            match = _POLICY_TAG.fullmatch(platform)
            if match and find_limit(portability, match["policy"]) is None:
                yield platform


def find_limit(portability: Portability, policy: str) -> int | None:
    """The highest floor that ``policy`` allows; None if it is of another family."""
    family = portability.family
    if family is None or not policy.startswith(family.name):
        return None
    position = family.position(policy)
    if position is not None:
        return position
    older = [entry for entry in family.policies if _version(entry.name) <= _version(policy)]
    return len(older) - 1


def _version(policy: str) -> tuple[int, ...]:
    return tuple(int(number) for number in policy.split("_")[1:])


def _synonyms(portability: Portability, platform: str) -> tuple[str, ...]:
    """The platform tag, and the others that say the same."""
    for position in range(len(portability.family.policies) if portability.family else 0):
        platforms = portability.platforms_at(position)
        if platform in platforms:
            return platforms
    return (platform,)


def _other_family(portability: Portability) -> str:
    if portability.family is None:
        return f"no policy knows the machine {portability.architecture}"
    return f"its binaries are for {portability.family.name} systems"


def _general_violation(portability: Portability, *, must_upload: bool) -> Finding | None:
    """What is wrong with the best tag there is, if something is."""
    platforms = ".".join(portability.platforms())
    uploadable = all(map(pypi_accepts, portability.platforms()))
    if portability.policy is None and not uploadable:
        goal = f"the wheel is tagged {platforms}, which PyPI refuses"
        if portability.family is None:
            return Finding(f"{goal}: {_other_family(portability)}")
        return explain(goal, portability, len(portability.family.policies) - 1)
    if must_upload and not uploadable:
        return Finding(f"the wheel is tagged {platforms}, which PyPI refuses: it knows no such tag")
    return None
