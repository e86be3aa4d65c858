"""Reasons why PyPI refuses a platform tag (warehouse, ``_valid_platform_tag``, August 2026)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from felloe.check.rule import Rule, Ruling
from felloe.wheel.tags import pypi_accepts

_OWN_INDEX = "publish an sdist for these machines, and serve the wheel from an index of your own"


def check_platforms(platforms: Sequence[str], proved: Sequence[str]) -> Iterator[Ruling]:
    """Check that PyPI accepts every platform of a wheel's name.

    ``proved`` are the platforms that the binaries qualify for, for the hint.
    """
    uploadable = [platform for platform in proved if pypi_accepts(platform)]
    for platform in platforms:
        if not pypi_accepts(platform):
            reason, hint = _explain(platform)
            if uploadable and platform.startswith("linux_"):
                hint = f"its binaries prove {'.'.join(uploadable)}: run `felloe repair` on it"
            yield Rule.PLATFORM_TAG.problem(
                f"PyPI refuses the platform tag {platform}: {reason}", hint
            )


def _explain(platform: str) -> tuple[str, str]:
    for pattern, explain in _REASONS:
        match = pattern.fullmatch(platform)
        if match:
            return explain(match)
    return "it knows no such platform", _OWN_INDEX


def _linux(match: re.Match[str]) -> tuple[str, str]:
    hint = f"build in an image of manylinux or musllinux for {match['machine']}, or with felloe"
    return "it promises no more than the machine it was built on, whatever its C library", hint


def _policy(match: re.Match[str]) -> tuple[str, str]:
    return f"it takes no {match['libc']}linux wheels for {match['machine']}", _OWN_INDEX


def _macos(match: re.Match[str]) -> tuple[str, str]:
    major, minor, machine = int(match["major"]), int(match["minor"]), match["machine"]
    if not pypi_accepts(f"macosx_10_9_{machine}"):
        return f"it knows no machine {machine} of macOS", _OWN_INDEX
    if major > 10 and minor and pypi_accepts(f"macosx_{major}_0_{machine}"):
        lower = f"set MACOSX_DEPLOYMENT_TARGET={major}.0"
        hint = f"{lower}, or the next major version if the binaries need {major}.{minor}"
        return "from macOS 11 on the minor version must be 0", hint
    return (
        f"it knows no macOS {major}.{minor}",
        "set MACOSX_DEPLOYMENT_TARGET to 10.x, 11.0, 12.0, 13.0, 14.0, 15.0 or 26.0",
    )


def _emscripten(_: re.Match[str]) -> tuple[str, str]:
    return (
        "wheels for Emscripten are tagged pyemscripten_{year}_{patch}_wasm32 (PEP 783)",
        "build with a Python whose PYEMSCRIPTEN_PLATFORM_VERSION is set",
    )


_REASONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str, str]]], ...] = (
    (re.compile(r"linux_(?P<machine>\w+)"), _linux),
    (re.compile(r"(?P<libc>many|musl)linux(1|20\d\d|_\d+_\d+)_(?P<machine>\w+)"), _policy),
    (re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>\w+)"), _macos),
    (re.compile(r"(pyodide|emscripten|pyemscripten)_\w+"), _emscripten),
)
