"""Platform tags as targets: the system, C library and machine to build for.

Sources: PEP 425 and 600 (manylinux), 656 (musllinux), and the platform
compatibility tags of the packaging user guide for macOS and Windows.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from felloe.errors import FelloeError
from felloe.python.machine import MACHINES


@dataclass(frozen=True)
class Platform:
    """A platform tag and its parts."""

    tag: str
    """The whole tag: ``manylinux_2_17_x86_64``."""
    system: str
    """``linux``, ``macos`` or ``windows``."""
    architecture: str
    """The machine as the tag spells it: ``x86_64``, ``arm64``, ``amd64``."""
    libc: str | None
    """``glibc`` or ``musl``; None for macOS and Windows."""
    version: tuple[int, int]
    """The version of the C library or of macOS; (0, 0) for Windows."""

    @property
    def running(self) -> str:
        """The tag that an interpreter on such a system reports: ``linux_x86_64``."""
        return f"linux_{self.architecture}" if self.system == "linux" else self.tag

    @property
    def is_64_bit(self) -> bool:
        machine = MACHINES.get(self.architecture)
        return machine.is_64_bit if machine else self.architecture != "win32"


_LEGACY = {"manylinux2014": "manylinux_2_17", "manylinux2010": "manylinux_2_12"}
_LINUX = re.compile(r"(?P<family>many|musl)linux_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>\w+)")
_MACOS = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>x86_64|arm64)")
_WINDOWS = {"win_amd64": "amd64", "win_arm64": "arm64", "win32": "win32"}
_EXAMPLES = (
    *(f"manylinux_2_{minor}_{machine}" for minor in (17, 28, 34) for machine in MACHINES),
    *(f"musllinux_1_2_{machine}" for machine in MACHINES),
    *("macosx_11_0_arm64", "macosx_11_0_x86_64", *_WINDOWS),
)


def parse_platform(tag: str, origin: str) -> Platform:
    """Parse a platform tag.

    ``origin`` is the place where it was set. Raise :class:`FelloeError` if felloe
    cannot build for it, with the nearest tag that it can build for.
    """
    text = tag
    for old, new in _LEGACY.items():
        text = re.sub(rf"^{old}_", f"{new}_", text)
    match = _LINUX.fullmatch(text)
    if match is not None and match["machine"] in MACHINES:
        libc = "glibc" if match["family"] == "many" else "musl"
        version = int(match["major"]), int(match["minor"])
        return Platform(text, "linux", match["machine"], libc, version)
    match = _MACOS.fullmatch(text)
    if match is not None:
        version = int(match["major"]), int(match["minor"])
        return Platform(text, "macos", match["machine"], None, version)
    if text in _WINDOWS:
        return Platform(text, "windows", _WINDOWS[text], None, (0, 0))
    (near,) = difflib.get_close_matches(text, _EXAMPLES, n=1, cutoff=0.0)
    raise FelloeError(
        f"{origin}: felloe cannot build for the platform {tag!r}; the nearest one that it knows "
        f"is {near!r}",
        hint="a platform tag names a system, the oldest version of its C library, and a machine",
    )
