"""Facts about a Python that cannot run here: for another processor or C library.

The names of its modules come from its ``build-details.json`` (PEP 739), from its
``_sysconfigdata``, or from the rule by which CPython forms them.
"""

from __future__ import annotations

from dataclasses import replace

from felloe.errors import FelloeError
from felloe.python.installed import InstalledPython
from felloe.python.machine import MACHINES
from felloe.python.platform import Platform
from felloe.python.target import Target

_MUSL_SINCE = (3, 11)
"""Older versions of CPython use the triplet of glibc on musl too (bpo-43112)."""


def make_target(
    running: Target, platform: Platform, installed: InstalledPython | None = None
) -> Target:
    """Return the target for ``platform`` with the version of the ``running`` interpreter.

    ``installed`` is that Python, if a system root contains it. Raise
    :class:`FelloeError` if the names of its modules are not known.
    """
    if is_same(running, platform):
        return running
    if installed is not None:
        soabi, suffixes = installed.soabi, installed.extension_suffixes
    elif running.implementation != "cpython":
        raise FelloeError(
            f"the names of {running.implementation}'s modules on {platform.tag} are not known",
            hint="build with CPython, or set `sysroot` to a directory that contains it",
        )
    else:
        soabi = name_soabi(running.version, running.abi_flags, platform)
        suffixes = name_suffixes(running.version, running.abi_flags, soabi, platform)
    return replace(
        running,
        soabi=soabi,
        extension_suffixes=suffixes,
        platform=platform.running,
        libc=platform.libc,
    )


def is_same(running: Target, platform: Platform) -> bool:
    """Return whether the running interpreter is for this platform."""
    return (running.platform, running.libc) == (platform.running, platform.libc)


def find_triplet(version: tuple[int, int], platform: Platform) -> str:
    """Return CPython's name of a Linux platform, as in ``EXT_SUFFIX`` and ``MULTIARCH``."""
    triplet = MACHINES[platform.architecture].triplet
    is_musl = platform.libc == "musl" and version >= _MUSL_SINCE
    return triplet.replace("-gnu", "-musl") if is_musl else triplet


def name_soabi(version: tuple[int, int], flags: str, platform: Platform) -> str:
    """Return ``SOABI`` of a CPython (PEP 3149), with its ABI flags."""
    major, minor = version
    if platform.system == "windows":
        return f"cp{major}{minor}{flags}-{platform.tag}"
    place = "darwin" if platform.system == "macos" else find_triplet(version, platform)
    return f"cpython-{major}{minor}{flags}-{place}"


def name_suffixes(
    version: tuple[int, int], flags: str, soabi: str, platform: Platform
) -> tuple[str, ...]:
    """Return ``importlib.machinery.EXTENSION_SUFFIXES`` of a CPython.

    Source: Python/dynload_shlib.c and dynload_win.c.
    """
    if platform.system == "windows":
        return (f".{soabi}.pyd", ".pyd")
    stable = []
    if version >= (3, 15):
        stable.append(".abi3t.so")
    if "t" not in flags:
        stable.append(".abi3.so")
    return (f".{soabi}.so", *stable, ".so")
