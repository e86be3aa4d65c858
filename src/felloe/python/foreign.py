"""The Python that is not running here: another machine's or another C library's.

An interpreter says of itself what its modules are called. Of one that cannot
run here this is known from its ``build-details.json`` (PEP 739), from its
``_sysconfigdata``, or from the rule by which CPython names them.
"""

from __future__ import annotations

from dataclasses import replace

from felloe.errors import FelloeError
from felloe.python.installed import InstalledPython
from felloe.python.platform import Platform
from felloe.python.target import Target

# The machine and environment of a triplet (configure.ac, PLATFORM_TRIPLET), glibc's.
_TRIPLETS = {
    "x86_64": "x86_64-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "i686": "i386-linux-gnu",
    "armv7l": "arm-linux-gnueabihf",
    "ppc64le": "powerpc64le-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
}
_MUSL_SINCE = (3, 11)
"""Before that, CPython's modules are named for gnu under musl too (bpo-43112)."""


def make_target(
    running: Target, platform: Platform, installed: InstalledPython | None = None
) -> Target:
    """The target of a wheel for ``platform`` and the version of the ``running`` interpreter.

    ``installed`` is that Python, where a system root holds it. Raises
    :class:`FelloeError` where nothing says what its modules are called.
    """
    if is_same(running, platform):
        return running
    if installed is not None:
        soabi, suffixes = installed.soabi, installed.extension_suffixes
    elif running.implementation != "cpython":
        raise FelloeError(
            f"what {running.implementation} calls its modules on {platform.tag} is not known here",
            hint="build with CPython, or name a `sysroot` that holds that interpreter",
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
    """Whether the running interpreter is of that kind itself."""
    return (running.platform, running.libc) == (platform.running, platform.libc)


def find_triplet(version: tuple[int, int], platform: Platform) -> str:
    """CPython's name for a Linux platform, as in ``EXT_SUFFIX`` and ``MULTIARCH``."""
    triplet = _TRIPLETS[platform.architecture]
    is_musl = platform.libc == "musl" and version >= _MUSL_SINCE
    return triplet.replace("-gnu", "-musl") if is_musl else triplet


def name_soabi(version: tuple[int, int], flags: str, platform: Platform) -> str:
    """``SOABI`` of a CPython (PEP 3149), with its ABI flags."""
    major, minor = version
    if platform.system == "windows":
        return f"cp{major}{minor}{flags}-{platform.tag}"
    place = "darwin" if platform.system == "macos" else find_triplet(version, platform)
    return f"cpython-{major}{minor}{flags}-{place}"


def name_suffixes(
    version: tuple[int, int], flags: str, soabi: str, platform: Platform
) -> tuple[str, ...]:
    """``importlib.machinery.EXTENSION_SUFFIXES`` there (Python/dynload_shlib.c, dynload_win.c)."""
    if platform.system == "windows":
        return (f".{soabi}.pyd", ".pyd")
    stable = []
    if version >= (3, 15):
        stable.append(".abi3t.so")
    if "t" not in flags:
        stable.append(".abi3.so")
    return (f".{soabi}.so", *stable, ".so")
