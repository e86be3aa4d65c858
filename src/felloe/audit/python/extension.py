"""Read from the file name of an extension module which interpreters import it.

CPython looks for ``<name><suffix>`` for each suffix of
``importlib.machinery.EXTENSION_SUFFIXES`` (PEP 3149 for the versioned ones,
PEP 384 for ``.abi3``, PEP 803 for ``.abi3t``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Abi(Enum):
    """The promise of a module's suffix."""

    VERSION = "version"
    """One version of one implementation."""
    ABI3 = "abi3"
    ABI3T = "abi3t"
    UNTAGGED = "untagged"
    """A bare ``.so`` or ``.pyd``, which every interpreter tries to import."""


@dataclass(frozen=True)
class ModuleName:
    """The parts of an extension module's file name."""

    stem: str
    """The module's own name, which follows ``PyInit_``."""
    suffix: str
    abi: Abi
    python_tag: str | None = None
    """``cp311``, ``pp311``, …, for :attr:`Abi.VERSION`."""
    abi_tag: str | None = None
    architecture: str | None = None
    """The machine that the suffix names, as platform tags spell it: ``aarch64``, ``amd64``."""
    musl: bool = False
    """The suffix names musl, so that no other Python finds the module."""

    def init_names(self) -> tuple[str, ...]:
        """Return the possible names of the init function (PEP 489, 793)."""
        if self.stem.isascii():
            return (
                f"PyInit_{self.stem}",
                f"PyModExport_{self.stem}",
                f"_cffi_pypyinit_{self.stem}",
            )
        encoded = self.stem.encode("punycode").decode().replace("-", "_")
        return (f"PyInitU_{encoded}", f"PyModExportU_{encoded}")


# What the machine part of a POSIX triplet is called in a platform tag.
_MACHINES = {
    "x86_64": "x86_64",
    "i386": "i686",
    "i686": "i686",
    "aarch64": "aarch64",
    "arm": "armv7l",
    "powerpc64le": "ppc64le",
    "powerpc64": "ppc64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loongarch64": "loongarch64",
}

_SO = re.compile(
    r"""
    (?P<stem>[^.]+)
    \.(?: (?P<stable>abi3t?)
        | cpython-(?P<cp>\d{2,})(?P<flags>[a-z]*)
        | pypy(?P<pypy>\d{2,})-(?P<pp>pp\d+)
        | graalpy(?P<graal>\d+)-(?P<graal_python>\d{2,})(?P<native>-native)?
      )
    (?:-(?P<triplet>[a-zA-Z0-9_-]+))?
    \.so
    """,
    re.VERBOSE,
)
_PYD = re.compile(
    r"""
    (?P<stem>[^.]+)
    (?:\.(?: cp(?P<cp>\d{2,})(?P<flags>[a-z]*)
        | pypy(?P<pypy>\d{2,})-(?P<pp>pp\d+)
        | graalpy(?P<graal>\d+)-(?P<graal_python>\d{2,})(?P<native>-native)?
      )
      -(?:win_)?(?P<machine>[a-z0-9_]+)
    )?
    \.pyd
    """,
    re.VERBOSE,
)
_BARE_SO = re.compile(r"(?P<stem>[^.]+)\.so")


def find_module_name(file_name: str) -> ModuleName | None:
    """Read a file's base name; None if no interpreter would try to import it.

    A bare ``.so`` is tried, so it is answered too; only its exports tell
    whether it is a module or a plain library.
    """
    for pattern, make in ((_SO, _from_so), (_PYD, _from_pyd), (_BARE_SO, _from_bare)):
        match = pattern.fullmatch(file_name)
        if match:
            return make(match)
    return None


def _from_so(match: re.Match[str]) -> ModuleName:
    python_tag, abi_tag = _version_tags(match)
    return ModuleName(
        stem=match["stem"],
        suffix=match.string[match.end("stem") :],
        abi=Abi(match["stable"]) if match["stable"] else Abi.VERSION,
        python_tag=python_tag,
        abi_tag=abi_tag,
        architecture=_MACHINES.get((match["triplet"] or "").partition("-")[0]),
        musl="-linux-musl" in (match["triplet"] or ""),
    )


_LAST_WITH_MALLOC = "37"


def name_windows_abi(version: str, flags: str) -> str:
    """Return the ABI tag of a CPython for Windows by version (``37``, ``313``) and flags.

    Up to 3.7 it has an ``m`` that neither its library nor its modules are named with.
    """
    is_old = len(version) == len(_LAST_WITH_MALLOC) and version <= _LAST_WITH_MALLOC
    return f"cp{version}{flags or 'm' * is_old}"


def _version_tags(match: re.Match[str]) -> tuple[str | None, str | None]:
    if match["cp"]:
        return f"cp{match['cp']}", f"cp{match['cp']}{match['flags']}"
    if match["pypy"]:
        return f"pp{match['pypy']}", f"pypy{match['pypy']}_{match['pp']}"
    if match["graal"]:
        version = match["graal_python"]
        native = "_native" if match["native"] else ""
        return f"graalpy{version}", f"graalpy{match['graal']}_{version}{native}"
    return None, None


def _from_pyd(match: re.Match[str]) -> ModuleName:
    stem, suffix = match["stem"], match.string[match.end("stem") :]
    python_tag, abi_tag = _version_tags(match)
    if match["cp"]:
        abi_tag = name_windows_abi(match["cp"], match["flags"])
    abi = Abi.VERSION if python_tag else Abi.UNTAGGED
    return ModuleName(stem, suffix, abi, python_tag, abi_tag, match["machine"])


def _from_bare(match: re.Match[str]) -> ModuleName:
    return ModuleName(match["stem"], ".so", Abi.UNTAGGED)
