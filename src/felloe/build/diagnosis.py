"""Tools that a failed build lacks, with the command that installs them on this system."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from felloe.build.build import Build
from felloe.finding import Finding
from felloe.python.header import read_headers
from felloe.python.target import read_target


class _Packages(NamedTuple):
    """Install command and package names of a family of systems."""

    command: str
    compiler: str
    headers: str


_PACKAGES = {
    "debian": _Packages("apt-get install", "g++", "python{version}-dev"),
    "ubuntu": _Packages("apt-get install", "g++", "python{version}-dev"),
    "fedora": _Packages("dnf install", "gcc-c++", "python3-devel"),
    "rhel": _Packages("dnf install", "gcc-c++", "python3-devel"),
    "suse": _Packages("zypper install", "gcc-c++", "python3-devel"),
    "alpine": _Packages("apk add", "g++", "python3-dev"),
    "arch": _Packages("pacman -S", "gcc", "python"),
}
_XCODE = "xcode-select --install"
_VISUAL_STUDIO = (
    'install the "Desktop development with C++" of the Visual Studio Build Tools: '
    "https://visualstudio.microsoft.com/visual-cpp-build-tools"
)
_COMPILERS = ("cc", "gcc", "clang", "c++", "g++", "clang++")
_MODULES = {"pybind11": "pybind11", "nanobind": "nanobind", "Cython": "cython", "SWIG": "swig"}
"""CMake packages that are on PyPI too, by the name of ``find_package``."""


def find_missing(build: Build) -> Iterator[Finding]:
    """Yield what a failed build of this machine's own platform lacks, as far as can be told."""
    if not build.compiles or not build.settings.toolchain.is_ordinary:
        return
    release = _read_release(Path("/etc/os-release"))
    target = read_target(build.environ)
    if not _has_compiler(build.environ):
        yield explain_compiler(sys.platform, release)
    include = read_headers().include
    if not (include / "Python.h").is_file():
        version = ".".join(map(str, target.version))
        yield explain_headers(sys.platform, release, include, version)
    yield from _find_modules(build.project.root / "CMakeLists.txt")


def explain_compiler(platform: str, release: Mapping[str, str]) -> Finding:
    """Describe a missing compiler. ``platform`` is ``sys.platform``, ``release`` os-release."""
    message = "no C or C++ compiler was found"
    packages = _find_packages(release)
    if platform == "darwin":
        return Finding(message, hint=f"run {_XCODE}")
    if platform == "win32":
        return Finding(message, hint=_VISUAL_STUDIO)
    if packages is None:
        return Finding(f"{message} on PATH", hint="install gcc or clang, or set CC and CXX")
    return Finding(f"{message} on PATH", hint=f"run {packages.command} {packages.compiler}")


def explain_headers(
    platform: str, release: Mapping[str, str], include: Path, version: str
) -> Finding:
    """Describe missing headers of the running Python."""
    message = f"the headers of Python {version} are missing: {include / 'Python.h'}"
    packages = _find_packages(release)
    is_system = str(include).startswith("/usr/include")
    if platform.startswith("linux") and is_system and packages is not None:
        name = packages.headers.format(version=version)
        return Finding(message, hint=f"run {packages.command} {name}")
    return Finding(message, hint="install the development files of this Python")


def _find_packages(release: Mapping[str, str]) -> _Packages | None:
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    names = [name.partition("-")[0] for name in names]  # opensuse-leap has ID_LIKE="suse opensuse"
    return next((_PACKAGES[name] for name in names if name in _PACKAGES), None)


def _read_release(path: Path) -> dict[str, str]:
    """Read os-release (https://www.freedesktop.org/software/systemd/man/os-release.html)."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def _has_compiler(environ: Mapping[str, str]) -> bool:
    if sys.platform == "win32":
        return True  # CMake looks for Visual Studio where felloe does not
    names = (*_COMPILERS, *(environ.get(name, "").split(" ")[0] for name in ("CC", "CXX")))
    path = environ.get("PATH")
    return any(shutil.which(name, path=path) for name in names if name)


def _find_modules(file: Path) -> Iterator[Finding]:
    """Yield packages that ``CMakeLists.txt`` looks for and that PyPI would bring."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for name, requirement in _MODULES.items():
        if re.search(rf"^\s*find_package\(\s*{name}\b", text, re.MULTILINE | re.IGNORECASE):
            module = "Cython" if name == "Cython" else requirement
            if find_spec(module) is None and shutil.which(requirement) is None:
                yield Finding(
                    f"{file.name} uses {name}, which is not in the build environment",
                    hint=f'add "{requirement}" to [build-system] requires in pyproject.toml',
                )
