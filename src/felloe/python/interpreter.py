"""A Python interpreter on this machine, which builds and tests wheels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags

from felloe.wheel.tags import WheelName

_SHORT = {"cpython": "cp", "pypy": "pp"}
_ANYWHERE = ["any"]


@dataclass(frozen=True)
class Interpreter:
    """Facts that an interpreter reported about itself."""

    path: Path
    implementation: str
    """``sys.implementation.name``."""
    version: tuple[int, int, int]
    flags: str
    """ABI flags: ``t`` free-threaded, ``d`` debug."""
    soabi: str
    """``SOABI``, such as ``cpython-313-x86_64-linux-gnu``."""
    platform: str
    """``sysconfig.get_platform()`` as a tag, such as ``linux_x86_64``."""
    libc: str
    """``glibc`` or ``musl``; empty off Linux."""
    source: str
    """The place where it was found, such as ``pyenv`` or ``PATH``."""
    has_pip: bool = False

    @property
    def tag(self) -> str:
        """The short name that users write: ``cp313``, ``cp314t``, ``pp311``."""
        return self._short + self.flags

    @property
    def release(self) -> str:
        """The version as text: ``3.13.0``."""
        return ".".join(map(str, self.version))

    @property
    def _short(self) -> str:
        short = _SHORT.get(self.implementation, self.implementation)
        return f"{short}{self.version[0]}{self.version[1]}"

    def find_in(self, environment: Path) -> Path:
        """Return the interpreter of a virtual environment that was made with this one."""
        if self.platform.startswith("win"):
            return environment / "Scripts" / "python.exe"
        return environment / "bin" / "python"

    def loads(self, wheel: WheelName) -> bool:
        """Return whether the Python and ABI tags of a wheel are for this interpreter."""
        return not self._tags.isdisjoint(product(wheel.pythons, wheel.abis))

    @cached_property
    def _tags(self) -> frozenset[tuple[str, str]]:
        """The pairs of Python tag and ABI tag that it can install."""
        version = self.version[:2]
        if self.implementation == "cpython":
            own = list(cpython_tags(version, [self.tag], _ANYWHERE))
        else:
            abi = "_".join(self.soabi.split("-")[:2])  # pypy311-pp73-x86_64-linux-gnu
            own = list(generic_tags(self._short, [abi], _ANYWHERE))
        return _pairs([*own, *compatible_tags(version, self._short, _ANYWHERE)])


def _pairs(tags: list[Tag]) -> frozenset[tuple[str, str]]:
    return frozenset((tag.interpreter, tag.abi) for tag in tags)
