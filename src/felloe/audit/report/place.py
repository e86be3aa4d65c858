"""Describe in words where a wheel with some platform tags runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_GLIBC = {
    "Debian": (("8", 19), ("9", 24), ("10", 28), ("11", 31), ("12", 36), ("13", 41)),
    "Ubuntu": (("16.04", 23), ("18.04", 27), ("20.04", 31), ("22.04", 35), ("24.04", 39)),
    "RHEL": (("6", 12), ("7", 17), ("8", 28), ("9", 34), ("10", 39)),
}
"""Distribution -> its releases, oldest first, with the minor version of their glibc 2.x."""

_ALIASES = {"manylinux1": "2_5", "manylinux2010": "2_12", "manylinux2014": "2_17"}
_MANYLINUX = re.compile(r"(manylinux(?:1|2010|2014))_(\w+)|manylinux_2_(\d+)_(\w+)")
_MUSLLINUX = re.compile(r"musllinux_(\d+)_(\d+)_(\w+)")
_MACOS = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")
_WINDOWS = {
    "win32": "Windows (32 bit)",
    "win_amd64": "Windows on x86-64",
    "win_arm64": "Windows on ARM64",
}


def describe_places(platforms: Sequence[str]) -> str:
    """Return where the wheel runs, such as ``glibc 2.34 or later on x86_64 (Debian 12, …)``."""
    return " and ".join(dict.fromkeys(_describe(platforms)))


def _describe(platforms: Sequence[str]) -> Iterator[str]:
    oldest: dict[str, int] = {}
    for platform in platforms:
        match = _MANYLINUX.fullmatch(platform)
        if match:
            old, old_machine, minor, machine = match.groups()
            version = int(minor or _ALIASES[old].partition("_")[2])
            key = machine or old_machine
            oldest[key] = min(version, oldest.get(key, version))
    for machine, minor in oldest.items():
        yield f"glibc 2.{minor} or later on {machine}{_list_distributions(minor)}"
    for platform in sorted(platforms, key=_order):
        if not _MANYLINUX.fullmatch(platform):
            yield _describe_other(platform)


def _order(platform: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", platform)[:2]))


def _list_distributions(minor: int) -> str:
    """Return the first release of each distribution that has this glibc."""
    names = [
        f"{name} {first}"
        for name, releases in _GLIBC.items()
        for first in [next((release for release, has in releases if has >= minor), None)]
        if first
    ]
    return f" ({', '.join(names)})" if names else ""


def _describe_other(platform: str) -> str:
    musl, macos = _MUSLLINUX.fullmatch(platform), _MACOS.fullmatch(platform)
    if musl:
        alpine = " (Alpine 3.16)" if musl[2] == "2" else ""
        return f"musl {musl[1]}.{musl[2]} or later on {musl[3]}{alpine}"
    if macos:
        machine = "arm64 and x86_64" if macos[3] == "universal2" else macos[3]
        version = macos[1] if int(macos[1]) > 10 else f"{macos[1]}.{macos[2]}"
        return f"macOS {version} or later on {machine}"
    if platform.startswith("linux_"):
        return f"the system it was built on, or one like it ({platform})"
    return "every system" if platform == "any" else _WINDOWS.get(platform, platform)
