"""zig's targets for platforms, and their level of support."""

from __future__ import annotations

from dataclasses import dataclass

from felloe.errors import FelloeError
from felloe.python.machine import MACHINES
from felloe.python.platform import Platform


@dataclass(frozen=True)
class Triple:
    """A target of zig."""

    name: str
    """For ``-target``: ``x86_64-linux-gnu.2.17``."""
    machine: str
    """For CMake: ``CMAKE_SYSTEM_PROCESSOR``."""
    system: str
    """For CMake: ``CMAKE_SYSTEM_NAME``."""


_LAST_GLIBC = (2, 44)
_MUSL = (1, 2)
_WINDOWS = {"amd64": "x86_64", "arm64": "aarch64", "win32": "x86"}
_TESTED_MACHINES = ("x86_64", "aarch64")


def find_triple(platform: Platform) -> Triple:
    """Return zig's target for a platform.

    Raise :class:`FelloeError` for a version that zig does not support.
    """
    if platform.system == "windows":
        machine = _WINDOWS[platform.architecture]
        return Triple(f"{machine}-windows-gnu", platform.architecture.upper(), "Windows")
    if platform.system == "macos":
        machine = "aarch64" if platform.architecture == "arm64" else "x86_64"
        version = ".".join(map(str, platform.version))
        # Without a version zig would build for the newest macOS that it knows.
        return Triple(f"{machine}-macos.{version}-none", platform.architecture, "Darwin")
    row = MACHINES[platform.architecture]
    _check_libc(platform)
    if platform.libc == "musl":
        name = f"{row.zig}-linux-musl{row.zig_suffix}"
    else:
        version = ".".join(map(str, platform.version))
        name = f"{row.zig}-linux-gnu{row.zig_suffix}.{version}"
    return Triple(name, row.tag, "Linux")


def _check_libc(platform: Platform) -> None:
    if platform.libc == "musl":
        if platform.version != _MUSL:
            raise FelloeError(
                f"zig builds for musllinux_1_2, not for {platform.tag}",
                hint=f"set `target` to musllinux_1_2_{platform.architecture}",
            )
        return
    oldest = MACHINES[platform.architecture].oldest_glibc
    if not oldest <= platform.version <= _LAST_GLIBC:
        first, last = (f"{major}.{minor}" for major, minor in (oldest, _LAST_GLIBC))
        name = "manylinux_{}_{}_{}".format(*oldest, platform.architecture)
        raise FelloeError(
            f"zig does not support {platform.tag}: for {platform.architecture} it builds for "
            f"glibc {first} to {last}",
            hint=f"set `target` to {name}, the oldest, or to a later one",
        )


def describe_support(platform: Platform) -> str:
    """Return the warning for an experimental platform; empty for a supported one."""
    if platform.system == "linux":
        if platform.architecture in _TESTED_MACHINES:
            return ""
        return f"{platform.tag} is experimental: felloe's tests do not run wheels for it"
    return (
        f"{platform.tag} is experimental: felloe's tests build wheels for it but do not run them "
        "there"
    )
