"""Find the needed libraries that a wheel deliberately leaves to the user's machine.

The evidence is, in this order: the record in the wheel, the user's rules, the
drivers of devices, and requirements on distributions that are known to contain
the library (``policy/providers.json``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import basename

from felloe.audit.evidence import Evidence
from felloe.audit.platform import list_paths
from felloe.audit.waiver import Waiver, WaiverReason
from felloe.finding import Finding
from felloe.wheel.header import parse_headers

_TABLE = Path(__file__).parent / "policy" / "providers.json"

DRIVERS = (
    "libcuda.so*",
    "libnvidia-*.so*",
    "libnvcuvid.so*",
    "libnvoptix.so*",
    "libEGL_nvidia.so*",
    "libGLX_nvidia.so*",
    "libze_intel_gpu.so*",
    "libigdrcl.so*",
)
"""Parts of a device's driver, which must match its kernel module."""


_CUDA_SUFFIX = re.compile(r"-cu\d+$")
"""``nvidia-cublas-cu12`` is CUDA 12's ``nvidia-cublas``."""


@dataclass(frozen=True)
class WaiverRules:
    """Libraries that the user of a command leaves to the user's machine, as globs."""

    exclude: tuple[str, ...] = ()
    provided_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Distribution -> libraries that it installs."""


def find_waivers(
    evidence: Evidence, recorded: Iterable[Waiver], metadata: bytes, rules: WaiverRules
) -> tuple[Waiver, ...]:
    """Return a waiver for each needed name that has one; ``metadata`` is the wheel's METADATA."""
    known = {waiver.library: waiver for waiver in recorded}
    own = {basename(path).lower() for path in evidence.paths} | evidence.provided()
    found = {}
    unknown = []
    for name in find_needed(evidence):
        if name in own or basename(name).lower() in own:
            continue
        waiver = known.get(name) or known.get(basename(name)) or find_rule(rules, name)
        if waiver is None:
            unknown.append(name)
        else:
            found[name] = Waiver(name, waiver.reason, waiver.distribution)
    providers = _read_providers()
    candidates = [name for name in unknown if _find_provider(name, providers)]
    if candidates:
        required = _read_required(metadata, providers)
        for name in candidates:
            distribution = _find_provider(name, required)
            if distribution:
                found[name] = Waiver(name, WaiverReason.PROVIDED_BY, distribution)
    return tuple(found.values())


def find_needed(evidence: Evidence) -> dict[str, list[str]]:
    """Return the needed names of all files, each with the files that need it."""
    found: dict[str, list[str]] = {}
    for elf in evidence.objects:
        for name in elf.elf.needed:
            found.setdefault(name, []).append(elf.path)
    for mach in evidence.mach_objects:
        for name in {dylib.name for image in mach.macho.slices for dylib in image.dylibs}:
            found.setdefault(name, []).append(mach.path)
    for pe in evidence.pe_objects:
        for name in {dll.name for dll in pe.pe.dlls}:
            found.setdefault(name, []).append(pe.path)
    return found


def explain_waivers(waivers: Iterable[Waiver], evidence: Evidence) -> Iterator[Finding]:
    """Return one note for each library that the wheel expects on the user's machine."""
    needed = find_needed(evidence)
    for waiver in sorted(waivers, key=lambda item: item.library):
        paths = needed[waiver.library]
        origin = _ORIGINS[waiver.reason].format(distribution=waiver.distribution)
        yield Finding(f"{waiver.library} {origin}: needed by {list_paths(paths)}", path=paths[0])


_ORIGINS = {
    WaiverReason.DRIVER: "is left to the driver of a device",
    WaiverReason.EXCLUDE: "is left out on request and expected on the user's machine",
    WaiverReason.PROVIDED_BY: "is expected from the distribution {distribution}",
}


def find_rule(rules: WaiverRules, name: str) -> Waiver | None:
    """Return the waiver by a rule or the list of drivers; paths match by their last part too."""
    for distribution, globs in rules.provided_by.items():
        if _matches(name, globs):
            return Waiver(name, WaiverReason.PROVIDED_BY, distribution)
    if _matches(name, rules.exclude):
        return Waiver(name, WaiverReason.EXCLUDE)
    return Waiver(name, WaiverReason.DRIVER) if _matches(name, DRIVERS) else None


def _matches(name: str, globs: Iterable[str]) -> bool:
    last = basename(name)
    return any(fnmatchcase(name, glob) or fnmatchcase(last, glob) for glob in globs)


def _find_provider(name: str, providers: Mapping[str, Iterable[str]]) -> str | None:
    return next((who for who, globs in providers.items() if _matches(name, globs)), None)


def _read_providers() -> dict[str, list[str]]:
    """Return the distributions known to contain libraries, with globs of their names."""
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))["distributions"]
    return {
        distribution: [
            *row["libraries"],
            *(glob for other in row.get("through", ()) for glob in rows[other]["libraries"]),
        ]
        for distribution, row in rows.items()
    }


def _read_required(
    metadata: bytes, providers: Mapping[str, Iterable[str]]
) -> dict[str, Iterable[str]]:
    """Return those of ``providers`` that METADATA requires without an extra."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    found = {}
    for text in parse_headers(metadata).get_all("Requires-Dist", []):
        try:
            requirement = Requirement(str(text))
        except InvalidRequirement:
            continue
        name = _CUDA_SUFFIX.sub("", canonicalize_name(requirement.name))
        if name in providers and "extra ==" not in str(requirement.marker or ""):
            found[name] = providers[name]
    return found
