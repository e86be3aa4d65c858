"""Find the settings, other than felloe's, that choose the compilers of a build."""

from __future__ import annotations

import re
from collections.abc import Iterator

from felloe.build.build import Build

_FILE = re.compile(r"(-D)?CMAKE_TOOLCHAIN_FILE(:\w+)?=|--toolchain")
_COMPILER = re.compile(r"(-D)?CMAKE_C(XX)?_COMPILER(:\w+)?=")
_KEYS = (("cmake", "toolchain-file"), ("cmake", "define", "CMAKE_TOOLCHAIN_FILE"))


def find_toolchain_files(build: Build) -> Iterator[str]:
    """Yield each setting and variable by which the user names a toolchain file for CMake."""
    if build.environ.get("CMAKE_TOOLCHAIN_FILE"):
        yield "CMAKE_TOOLCHAIN_FILE"
    for keys in _KEYS:
        yield from (source for source, value in build.skbuild.find(*keys) if value)
    yield from _find_words(build, _FILE)


def find_compilers(build: Build) -> Iterator[str]:
    """Yield each setting that passes a compiler to CMake.

    ``CC`` is not one of them, because a toolchain file overrides it.
    """
    yield from _find_words(build, _COMPILER)


def _find_words(build: Build, form: re.Pattern[str]) -> Iterator[str]:
    """Yield each source of CMake arguments that has an argument of this form."""
    for word in build.cmake_args():
        if form.match(word):
            yield f"CMAKE_ARGS ({word})"
    for source, value in build.skbuild.find("cmake", "args"):
        if form.search(str(value)):
            yield source
