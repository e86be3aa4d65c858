"""Who chooses the compilers of a build, besides felloe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from felloe.build.build import Build

_FILE = re.compile(r"(-D)?CMAKE_TOOLCHAIN_FILE(:\w+)?=|--toolchain")
_COMPILER = re.compile(r"(-D)?CMAKE_C(XX)?_COMPILER(:\w+)?=")
_KEYS = ("cmake.toolchain-file", "define.CMAKE_TOOLCHAIN_FILE")


def find_toolchain_files(build: Build) -> Iterator[str]:
    """Where the user names a toolchain file for CMake."""
    config: Mapping[str, object] = build.engine_config or {}
    yield from (
        key
        for key in ("CMAKE_TOOLCHAIN_FILE", "SKBUILD_CMAKE_TOOLCHAIN_FILE")
        if build.environ.get(key)
    )
    yield from (f"-C {key}" for key in config if key.endswith(_KEYS))
    if build.project.engine("cmake", "define", "CMAKE_TOOLCHAIN_FILE"):
        yield "cmake.define.CMAKE_TOOLCHAIN_FILE in [tool.scikit-build]"
    yield from _find_words(build, _FILE)


def find_compilers(build: Build) -> Iterator[str]:
    """Where the user names a compiler to CMake; ``CC`` is a default that a toolchain overrides."""
    yield from _find_words(build, _COMPILER)


def _find_words(build: Build, form: re.Pattern[str]) -> Iterator[str]:
    """Where the words of CMake's command line have one of this form."""
    for word in build.cmake_args():
        if form.match(word):
            yield f"CMAKE_ARGS ({word})"
    for key, value in (build.engine_config or {}).items():
        if key.endswith("cmake.args") and form.search(str(value)):
            yield f"-C {key}"
    if form.search(str(build.project.engine("cmake", "args") or "")):
        yield "cmake.args in [tool.scikit-build]"
