"""The Python and the platform that a wheel is built for.

Only this module reads these facts from the running interpreter. Other modules
receive a :class:`Target`.
"""

from __future__ import annotations

import struct
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from platform import mac_ver


@dataclass(frozen=True)
class Target:
    """An interpreter and platform to build a wheel for."""

    implementation: str
    """``sys.implementation.name``: ``cpython``, ``pypy``, ``graalpy``."""
    version: tuple[int, int]
    abi_flags: str
    """ABI flags in the order of PEP 3149: ``t`` free-threaded, ``d`` debug."""
    soabi: str
    """The part of module names that is its own: ``cpython-311-x86_64-linux-gnu``."""
    extension_suffixes: tuple[str, ...]
    platform: str
    """The platform as a tag: ``linux_x86_64``."""
    libc: str | None
    """``glibc`` or ``musl``; None off Linux."""

    @property
    def architecture(self) -> str | None:
        """The machine as Linux platform tags spell it; None off Linux."""
        system, _, architecture = self.platform.partition("_")
        return architecture if system == "linux" else None


def read_target(environ: Mapping[str, str]) -> Target:
    """Return the target of the running interpreter, or of ``_PYTHON_HOST_PLATFORM``.

    The platform is that of :func:`sysconfig.get_platform`. The tags that the
    interpreter can install (``packaging.tags.sys_tags``) are different.
    """
    variables = sysconfig.get_config_vars()
    platform = environ.get("_PYTHON_HOST_PLATFORM") or _own_platform()
    platform = platform.lower().replace("-", "_").replace(".", "_").replace(" ", "_")
    triplet = str(variables.get("HOST_GNU_TYPE", "")) + str(variables.get("MULTIARCH", ""))
    libc = "musl" if "musl" in triplet + str(variables.get("EXT_SUFFIX", "")) else "glibc"
    return Target(
        implementation=sys.implementation.name,
        version=sys.version_info[:2],
        abi_flags=_abi_flags(variables),
        soabi=str(variables.get("SOABI") or ""),
        extension_suffixes=tuple(EXTENSION_SUFFIXES),
        platform=platform,
        libc=libc if platform.startswith("linux") else None,
    )


# A 32-bit interpreter on a 64-bit kernel names the kernel's machine.
_NARROW = {"linux-x86_64": "linux-i686", "linux-aarch64": "linux-armv7l"}


def read_running_macos() -> tuple[int, int] | None:
    """Return the version of the running macOS; None on other systems."""
    major, _, rest = mac_ver()[0].partition(".")
    return (int(major), int(rest.partition(".")[0] or 0)) if major else None


def _own_platform() -> str:
    platform = sysconfig.get_platform()
    return _NARROW.get(platform, platform) if struct.calcsize("P") == 4 else platform


def _abi_flags(variables: Mapping[str, object]) -> str:
    flags = getattr(sys, "abiflags", "")
    # Py_GIL_DISABLED may be 1, 0, the string "0", or absent.
    if int(str(variables.get("Py_GIL_DISABLED") or 0)) and "t" not in flags:
        flags = "t" + flags
    return flags
