"""What tells one build tree from another, and what a configured tree has assumed.

A tree belongs to a key: change anything in it and another tree is used, change
it back and the old one is found. The *surroundings* are what CMake looks at
besides: where they change, it has to look again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from felloe import __version__
from felloe.build.cache.manifest import stamp
from felloe.build.environment.origin import Origin
from felloe.config.project import Project
from felloe.config.settings import ConfigSettings
from felloe.python.target import Target

_STEERING = re.compile(
    r"""(CMAKE|SKBUILD|PKG_CONFIG|ZIG|SDK|BLA|Python3?|PYTHON3?)_\w+ | \w*FLAGS | \w*ROOT
      | \w+_(ROOT_DIR|DIR|PREFIX|HOME|SDK)
      | \w*(INCLUDE|LIBRARY|COMPILER|EXEC|RUN)_(PATH|PREFIX)
      | CC | CXX | FC | CUDACXX | CUDAHOSTCXX | CUDAARCHS | HIPCXX | ISPC | SWIFTC | OBJC | OBJCXX
      | ASM | LD | AR | AS | NM | RANLIB | STRIP | OBJCOPY | PKG_CONFIG | QTDIR | CPATH
      | DEPENDENCIES_OUTPUT | SOURCE_DATE_EPOCH | _PYTHON_HOST_PLATFORM
      | MACOSX_DEPLOYMENT_TARGET | DEVELOPER_DIR | PYTHONPATH | PYTHONHOME | PYTHONOPTIMIZE
      | CCC_OVERRIDE_OPTIONS | CONDA_BUILD\w*""",
    re.VERBOSE,
)
_NOT_STEERING = re.compile(
    r"""(XDG|UV|PIP|SSL|FELLOE|PYTEST|TOX|NOX|HATCH|VIRTUALENVWRAPPER|PYENV|CARGO|RUSTUP|NVM|SSH|GPG|GITHUB|RUNNER|CI|HOMEBREW|GO)_\w+
      | SKBUILD_EDITABLE_\w+ | PYTHON_HISTORY | \w*CACHE\w*_DIR | CMAKE_BUILD_PARALLEL_LEVEL
      | (GNU)?MAKEFLAGS | MFLAGS | CMAKE_COLOR_DIAGNOSTICS | PYENV_\w+ | TMP_DIR | LOG_DIR""",
    re.VERBOSE,
)
_MAKE = "MAKEFLAGS"
_COMPILERS = ("cc", "gcc", "clang", "c++", "g++", "clang++", "ld", "as")
_BUILDERS = ("cmake", "cmake3", "ninja-build", "ninja", "samu")
_PREFIXES = ("/usr", "/usr/local", "/opt/local", "/opt/homebrew")
_SEARCHED = ("", "bin", "include", "lib", "lib64", "share", "lib/cmake", "lib/pkgconfig")


@dataclass(frozen=True)
class Facts:
    """All that a tree depends on before CMake has run."""

    project: Project
    target: Target
    origin: Origin
    address: str
    """Of the environment; empty for one that is used as it is."""
    config: ConfigSettings | None
    environ: Mapping[str, str]

    @property
    def key(self) -> str:
        """Their hash."""
        table = self.project.engine()
        facts = {
            "felloe": __version__,
            "project": os.path.realpath(self.project.root),
            "interpreter": [self.origin.base, self.origin.identity],
            "environment": self.address or list(_installed(self.origin)),
            "target": repr(self.target),
            "table": table,
            "config": self.config or {},
            "environ": select_variables(self.environ, _words(json.dumps(table, default=str))),
            "programs": self._programs(),
        }
        return _hash(facts)[:16]

    def _programs(self) -> list[tuple[object, ...]]:
        """Compilers, CMake and ninja; the environment's own are in its address."""
        named = (self.environ.get(name, "").split(" ")[0] for name in ("CC", "CXX", "FC"))
        names = (*_COMPILERS, *filter(None, named), *_BUILDERS)
        inner = f"/environments/{self.address}/"
        found = find_programs(names, self.environ)
        return [program for program in found if inner not in str(program[1])]


def hash_surroundings(environ: Mapping[str, str], variables: Iterable[str]) -> str:
    """Of the variables that CMake files read, of PATH, and of where CMake looks for things.

    A package that is installed or removed changes a directory's time.
    """
    values = {name: environ.get(name) for name in variables}
    places = [item for item in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(item)]
    prefixes = [*_PREFIXES, *environ.get("CMAKE_PREFIX_PATH", "").split(os.pathsep)]
    multiarch = getattr(sys.implementation, "_multiarch", "")
    inner = [*_SEARCHED]
    if multiarch:
        inner += [f"lib/{multiarch}", f"lib/{multiarch}/cmake", f"lib/{multiarch}/pkgconfig"]
        inner += [f"include/{multiarch}"]
    places += [os.path.join(prefix, part) for prefix in prefixes if prefix for part in inner]
    return _hash([values, [(place, stamp(place)[1]) for place in dict.fromkeys(places)]])


def read_variables(files: Iterable[str]) -> list[str]:
    """The environment variables that CMake files name: ``$ENV{OPENBLAS}``."""
    found: set[str] = set()
    for file in files:
        if "/share/cmake" in file or "/cmake/data/" in file:  # CMake's own
            continue
        try:
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found.update(re.findall(r"ENV\{([^{}$]+)\}", text))
    return sorted(found)


def select_variables(environ: Mapping[str, str], words: set[str]) -> dict[str, str]:
    """What of the environment may change what a compiler makes.

    Of make's flags that is what they define: the rest says how it shares out its jobs.
    """
    chosen = {
        name: value
        for name, value in sorted(environ.items())
        if name in words or (_STEERING.fullmatch(name) and not _NOT_STEERING.fullmatch(name))
    }
    flags = environ.get(_MAKE, "").split()
    defined = " ".join(word for word in flags if "=" in word and not word.startswith("-"))
    return {**chosen, _MAKE: defined} if defined else chosen


def find_programs(names: Iterable[str], environ: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    """Every program of these names on PATH: its real path, size and time."""
    places = environ.get("PATH", "").split(os.pathsep)
    for name in names:
        for place in [""] if os.path.isabs(name) else places:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                yield (name, os.path.realpath(path), *stamp(path))


def _installed(origin: Origin) -> Iterator[tuple[str, object]]:
    """What an environment that is used as it is holds, by when it was installed."""
    for site in origin.sites:
        infos = sorted(os.listdir(site)) if os.path.isdir(site) else []
        for info in infos:
            if info.endswith((".dist-info", ".egg-info", ".pth")):
                inner = "RECORD" if info.endswith(".dist-info") else ""
                yield f"{site}/{info}", stamp(os.path.join(site, info, inner).rstrip("/"))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _hash(facts: object) -> str:
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
