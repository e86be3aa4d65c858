"""Wheel file names and the tags in them.

The file name is specified by the binary distribution format (PEP 427), the
tags and their compression by PEP 425, the spelling of the name by PEP 503 and
the packaging user guide's "Binary distribution format".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

from felloe.errors import MalformedArchive, UsageError

_PART = re.compile(r"[A-Za-z0-9_.+!]+")
_TAG = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_BUILD = re.compile(r"\d[A-Za-z0-9_.]*")
_WINDOWS_TAG = re.compile(r"win32|win_\w+")
MACOS_TAG = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<architecture>\w+)")


@dataclass(frozen=True)
class WheelName:
    """A wheel's file name, its tag sets expanded."""

    distribution: str
    version: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]
    build: str = ""

    @property
    def tag(self) -> str:
        """The compressed tag set, each part sorted (PEP 425)."""
        parts = (self.pythons, self.abis, self.platforms)
        return "-".join(".".join(sorted(part)) for part in parts)

    @property
    def filename(self) -> str:
        build = [self.build] if self.build else []
        return "-".join([self.distribution, self.version, *build, self.tag]) + ".whl"

    @property
    def dist_info(self) -> str:
        return f"{self.distribution}-{self.version}.dist-info"

    @property
    def data(self) -> str:
        return f"{self.distribution}-{self.version}.data"

    @property
    def libc(self) -> str:
        """The C library that the platform tags name: ``musl`` if all do, else ``glibc``."""
        return "musl" if all(p.startswith("musllinux") for p in self.platforms) else "glibc"

    def triples(self) -> tuple[str, ...]:
        """Every tag the set stands for, as ``WHEEL`` lists them, sorted."""
        return tuple(sorted("-".join(t) for t in product(self.pythons, self.abis, self.platforms)))

    def with_tags(
        self, pythons: Iterable[str], abis: Iterable[str], platforms: Iterable[str]
    ) -> WheelName:
        """Return the name of this wheel with other tags."""
        return replace(
            self, pythons=_ordered(pythons), abis=_ordered(abis), platforms=_ordered(platforms)
        )


def parse_wheel_name(filename: str) -> WheelName:
    """Parse a wheel's file name.

    Raises :class:`MalformedArchive`, or :class:`UsageError` for a file of another kind.
    """
    if not filename.endswith(".whl"):
        raise UsageError(f"{filename} is not a wheel", hint="name files that end in .whl")
    parts = filename[: -len(".whl")].split("-")
    if len(parts) not in (5, 6):
        raise MalformedArchive(
            f"{filename!r} is not a wheel's file name",
            hint="name it {name}-{version}-{python tag}-{abi tag}-{platform tag}.whl",
        )
    distribution, version, *build, pythons, abis, platforms = parts
    for value, pattern in (
        (distribution, _PART),
        (version, _PART),
        *((tag, _TAG) for tag in (pythons, abis, platforms)),
        *((number, _BUILD) for number in build),
    ):
        if not pattern.fullmatch(value):
            raise MalformedArchive(f"{filename!r} is not a wheel's file name: bad part {value!r}")
    sets = [_ordered(part.split(".")) for part in (pythons, abis, platforms)]
    return WheelName(distribution, version, sets[0], sets[1], sets[2], "".join(build))


def check_build_number(text: str) -> str:
    """Parse a build number (PEP 427), which may be empty. Raise :class:`UsageError`."""
    if text and not _BUILD.fullmatch(text):
        raise UsageError(f"{text!r} is not a build number", hint="begin it with a digit: 1, 2local")
    return text


def is_macos_tag(platform: str) -> bool:
    """Return whether a platform tag is for macOS."""
    return MACOS_TAG.fullmatch(platform) is not None


def is_windows_tag(platform: str) -> bool:
    """Return whether a platform tag is for Windows."""
    return _WINDOWS_TAG.fullmatch(platform) is not None


def python_version(python_tag: str) -> tuple[int, int] | None:
    """``cp311`` -> (3, 11); None for a tag without a minor version."""
    match = re.fullmatch(r"[a-z]+(\d)(\d+)", python_tag)
    return (int(match[1]), int(match[2])) if match else None


def _ordered(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


_POLICY_ARCHITECTURES = r"(x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64)"
_MACOS_ARCHITECTURES = r"(ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2)"
_PYPI_PLATFORMS = re.compile(
    "|".join(
        (
            "any",
            r"win32|win_amd64|win_arm64",
            r"linux_armv[67]l",
            r"manylinux1_(x86_64|i686)",
            r"manylinux2010_(x86_64|i686)",
            r"manylinux2014_(x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x)",
            rf"(many|musl)linux_\d+_\d+_{_POLICY_ARCHITECTURES}",
            r"manylinux_\d+_\d+_ppc64",
            rf"macosx_(10_\d+|(11|12|13|14|15|26)_0)_{_MACOS_ARCHITECTURES}",
            r"ios_\d+_\d+_(arm64|x86_64)_(iphoneos|iphonesimulator)",
            r"android_\d+_(armeabi_v7a|arm64_v8a|x86|x86_64)",
            r"pyemscripten_\d+_\d+_wasm32",
        )
    )
)


def pypi_accepts(platform: str) -> bool:
    """Return whether PyPI takes files with this platform tag.

    Its rule as of August 2026 (warehouse, ``_valid_platform_tag``).
    """
    return _PYPI_PLATFORMS.fullmatch(platform) is not None
