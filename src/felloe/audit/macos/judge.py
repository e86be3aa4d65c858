"""Judge the macOS tags of a wheel by its Mach-O files.

A tag ``macosx_X_Y_arch`` promises that every file has an image for each machine
of ``arch`` that starts from macOS X.Y on. Which tags an installer looks for is
``packaging.tags.mac_platforms``' rule: from macOS 11 on the minor version is 0,
so no tag can promise a minor version, and a file that needs one gets a warning;
``universal2`` may name a 10.x that only its x86_64 half runs on, for macOS on
arm64 begins with 11.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from felloe.audit.evidence import Evidence
from felloe.audit.macos.library import find_missing_dylibs
from felloe.audit.macos.object import MachObject
from felloe.audit.object import Role
from felloe.audit.platform import (
    PlatformChoice,
    PlatformRequest,
    PlatformVerdict,
    explain_missing,
    find_strangers,
    list_paths,
)
from felloe.audit.policy.system import MacosSystem
from felloe.binary.macho.reader import MachoSlice, Version
from felloe.finding import Finding
from felloe.wheel.tags import MACOS_TAG, WheelName

_FIRST_ARM64 = Version(11, 0)
_LAST_10 = 15
_SUFFIX = re.compile(r"(\.abi3t?)?\.so|\.[\w-]+-darwin\.so")

_ARCHITECTURES_HINT = (
    "build every part of it for the machines that the tag names: CMAKE_OSX_ARCHITECTURES, "
    "or ARCHFLAGS, and the same for libraries that it brings along"
)
_SIGN = "sign it, which needs no certificate: codesign --sign - FILE"


class MacosTag(NamedTuple):
    """The parts of a platform tag of macOS."""

    text: str
    version: Version
    architecture: str
    cpus: tuple[str, ...]

    def floor(self, cpu: str) -> Version:
        """Return the oldest macOS that the tag promises on this machine."""
        return max(self.version, _FIRST_ARM64) if cpu == "arm64" else self.version


@dataclass(frozen=True)
class MacosVerdict(PlatformVerdict):
    """The verdict about a wheel for macOS."""

    claimed: tuple[str, ...]

    def choose(self, request: PlatformRequest) -> PlatformChoice:
        running = request.running_macos
        matches = filter(None, map(MACOS_TAG.fullmatch, self.accepted))
        versions = [(int(match["major"]), int(match["minor"])) for match in matches]
        if running is not None and any(version > running for version in versions):
            return self._choose(self.claimed)
        return self._choose(self.accepted)


def judge_macos(
    evidence: Evidence, claim: WheelName, waived: frozenset[str], *, system: MacosSystem
) -> MacosVerdict:
    """Judge macOS tags by the Mach-O files of the wheel.

    ``waived`` are needed names that the user's machine is known to have.
    """
    platforms = claim.platforms
    tags = [_parse_tag(text, system) for text in platforms]
    cpus = {cpu for tag in tags for cpu in tag.cpus}
    loaded = [item for item in evidence.mach_objects if item.role is not Role.OBJECT]
    own = [item for item in loaded if item.module or cpus & set(item.macho.cpus)]
    foreign = [item for item in loaded if not (item.module or cpus & set(item.macho.cpus))]
    strange, notes = find_strangers(evidence, MachObject, "macOS", ".".join(platforms))
    notes += [
        Finding(f"{item.path} is built for {item.built_for}: not audited", path=item.path)
        for item in foreign
    ]
    notes += _newer_minors(own, tags)
    problems = [*strange, *_wrong_files(own, tags), *_wrong_slices(own, tags)]
    missing = [m for m in find_missing_dylibs(own, cpus, system) if m.library not in waived]
    short = [*_reserved_tags(tags), *_too_new(own, tags)]
    proved = tuple(dict.fromkeys(_prove(own, tags, system)))
    if not own and not strange:
        problems.append(_nothing_proves(platforms))
    return MacosVerdict(
        platforms=proved or platforms,
        problems=tuple(problems),
        shortfalls=(*short, *explain_missing(missing, "macOS")),
        missing=tuple(missing),
        notes=tuple(notes),
        accepted=proved if short and proved else platforms,
        claimed=platforms,
    )


def _parse_tag(text: str, system: MacosSystem) -> MacosTag:
    match = MACOS_TAG.fullmatch(text)
    major, minor, architecture = match.groups() if match else ("0", "0", text)
    version = Version(int(major), int(minor))
    return MacosTag(text, _plain(version), architecture, system.expand(architecture))


def _plain(version: Version) -> Version:
    """10.16 is what macOS 11 calls itself to old programs."""
    return Version(11, 0) if version[:2] == (10, 16) else version


def _minimum(image: MachoSlice) -> Version | None:
    """Return the oldest macOS that can run an image; None if it is not for macOS."""
    version = image.minimum_macos
    if version is None:
        return None
    return max(_plain(version), _FIRST_ARM64) if image.cpu == "arm64" else _plain(version)


def _nothing_proves(platforms: Sequence[str]) -> Finding:
    return Finding(
        f"no binary of the wheel is for what its tag says, {'.'.join(platforms)}",
        hint=_ARCHITECTURES_HINT,
    )


def _reserved_tags(tags: Iterable[MacosTag]) -> Iterator[Finding]:
    """Yield a problem for each tag that no installer looks for."""
    for tag in tags:
        if tag.version >= _FIRST_ARM64 and tag.version.minor:
            yield Finding(
                f"no installer looks for {tag.text}: from macOS 11 on a tag's minor version is 0",
                hint=f"set MACOSX_DEPLOYMENT_TARGET={tag.version.major}.0, or the next major "
                "version if the binaries need this one",
            )
        elif tag.cpus == ("arm64",) and tag.version < _FIRST_ARM64:
            yield Finding(
                f"no installer looks for {tag.text}: macOS on arm64 begins with 11.0",
                hint="set MACOSX_DEPLOYMENT_TARGET=11.0",
            )


def _wrong_files(own: Sequence[MachObject], tags: Sequence[MacosTag]) -> Iterator[Finding]:
    """Yield problems: suffixes of other systems, images for other systems, unsigned images."""
    for item in own:
        if item.module and not _SUFFIX.fullmatch(item.module.suffix):
            yield Finding(
                f"{item.path} has the suffix {item.module.suffix}, which Pythons for macOS do "
                "not import",
                hint="name the module as its Python does: .cpython-313-darwin.so, or .abi3.so",
                path=item.path,
            )
    promised = {cpu for tag in tags for cpu in tag.cpus}
    images = [(x, image) for x in own for image in x.macho.slices if image.cpu in promised]
    other = [item.path for item, image in images if image.platforms and not image.minimum_macos]
    if other:
        yield Finding(
            f"{list_paths(other)}: built for another system of Apple's than macOS",
            hint="set CMAKE_SYSTEM_NAME to Darwin and CMAKE_OSX_SYSROOT to macosx",
            path=other[0],
        )
    unsigned = [x.path for x, image in images if image.cpu == "arm64" and not image.is_signed]
    if unsigned:
        yield Finding(
            f"{list_paths(unsigned)}: not signed, and macOS on arm64 loads no code without "
            "a signature",
            hint=_SIGN,
            path=unsigned[0],
        )


def _wrong_slices(own: Sequence[MachObject], tags: Sequence[MacosTag]) -> Iterator[Finding]:
    """Yield a problem for files without an image for a claimed machine."""
    for tag in tags:
        lacking: dict[str, list[str]] = {}
        for item in own:
            if any(item.find_slice(cpu) is None for cpu in tag.cpus):
                lacking.setdefault(item.built_for, []).append(item.path)
        for built_for, paths in lacking.items():
            yield Finding(
                f"{list_paths(paths)}: built for {built_for}, the tag {tag.text} promises "
                f"{' and '.join(tag.cpus)}",
                hint=_ARCHITECTURES_HINT,
                path=paths[0],
            )


def _too_new(own: Sequence[MachObject], tags: Sequence[MacosTag]) -> Iterator[Finding]:
    """Yield a finding for images that need a newer macOS than claimed, or state no version."""
    for tag in tags:
        needy: dict[tuple[str, str], list[str]] = {}
        for cpu in tag.cpus:
            for item in own:
                image = item.find_slice(cpu)
                least = _minimum(image) if image else None
                if image is not None and least is None and not image.platforms:
                    needy.setdefault((cpu, ""), []).append(item.path)
                elif least is not None and _tag_version(least) > tag.floor(cpu):
                    needy.setdefault((cpu, str(least)), []).append(item.path)
        for (cpu, version), paths in needy.items():
            needs = f"macOS {version} is needed by" if version else "no version is stated by"
            yield Finding(
                f"the tag {tag.text} promises macOS {tag.floor(cpu)} on {cpu}, {needs} "
                f"{list_paths(paths)}",
                hint=f"set MACOSX_DEPLOYMENT_TARGET={tag.version} for every part of the wheel, "
                "also for libraries that it brings along, or promise no more than they do",
                path=paths[0],
            )


def _newer_minors(own: Sequence[MachObject], tags: Sequence[MacosTag]) -> Iterator[Finding]:
    """Yield a note for images that need a minor version of the claimed macOS."""
    needy: dict[str, list[str]] = {}
    for item in own:
        for cpu in dict.fromkeys(cpu for tag in tags for cpu in tag.cpus):
            image = item.find_slice(cpu)
            least = _minimum(image) if image else None
            floors = [tag.floor(cpu) for tag in tags if cpu in tag.cpus]
            if least is not None and _tag_version(least) in floors and least not in floors:
                needy.setdefault(str(least), []).append(item.path)
    for version, found in needy.items():
        paths = list(dict.fromkeys(found))
        yield Finding(
            f"macOS {version} is needed by {list_paths(paths)}: the wheel installs on earlier "
            f"versions of macOS {version.partition('.')[0]}, but cannot be loaded there",
            hint=f"set MACOSX_DEPLOYMENT_TARGET={version.partition('.')[0]}.0 for every part of "
            "the wheel",
            path=paths[0],
        )


def _prove(
    own: Sequence[MachObject], tags: Sequence[MacosTag], system: MacosSystem
) -> Iterator[str]:
    """Yield the best tags for the claimed machines, or else for those that all files share."""
    found = [_prove_one(own, tag.architecture, tag.cpus) for tag in tags]
    if not any(found):
        shared = set.intersection(*(set(item.macho.cpus) for item in own)) if own else set()
        names = {cpus: name for name, cpus in system.architectures.items()}
        exact = names.get(tuple(sorted(shared)))
        found = [_prove_one(own, exact, tuple(sorted(shared)))] if exact else []
        found = found or [_prove_one(own, cpu, (cpu,)) for cpu in sorted(shared)]
    yield from filter(None, found)


def _prove_one(own: Sequence[MachObject], architecture: str, cpus: Sequence[str]) -> str:
    """Return the best tag for some machines; empty if a file rules out every tag."""
    images = [item.find_slice(cpu) for item in own for cpu in cpus]
    least = [_minimum(image) if image else None for image in images]
    versions = [version for version in least if version]
    if not images or len(versions) < len(least):
        return ""
    old = [
        version
        for version, image in zip(versions, images)
        if image and not (image.cpu == "arm64" and version == _FIRST_ARM64 and len(cpus) > 1)
    ]
    version = max(map(_tag_version, old), default=_FIRST_ARM64)
    return f"macosx_{version.major}_{version.minor}_{architecture}"


def _tag_version(version: Version) -> Version:
    """Return the version of the tag for files that need ``version``.

    From macOS 11 on it is the major version. 10.13.4 needs the tag of 10.14.
    """
    major, minor, patch = version
    if major >= _FIRST_ARM64.major:
        return Version(major, 0)
    minor += bool(patch)
    return Version(10, minor) if minor <= _LAST_10 else _FIRST_ARM64
