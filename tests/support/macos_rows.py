"""Rows of tag truth for macOS: machines and versions."""

from __future__ import annotations

from support.mach_samples import (
    IOS,
    dylib,
    forge_fat,
    module,
    universal,
)
from support.truth_case import Case, Says

_M = "m.cpython-313-darwin.so"
_ARM, _INTEL = "macosx_11_0_arm64", "macosx_10_13_x86_64"
_BOTH = "macosx_10_13_universal2"
_ARCHITECTURES = "CMAKE_OSX_ARCHITECTURES"
_TARGET = "set MACOSX_DEPLOYMENT_TARGET="
_BREW = "/opt/homebrew/opt/png/lib/libpng16.16.dylib"
_BRING = "name its directory in `libraries.search`"


def _case(name: str, files, platform: str, proved: str = "", **said) -> Case:
    """A wheel for CPython 3.13; ``proved`` is its platform where that is not the claimed one."""
    tag = "cp313-cp313-"
    return Case(name, files, tag + platform, tag + (proved or platform), **said)


def _needing(*names, **facts):
    return module("m", dylibs=("/usr/lib/libSystem.B.dylib", *names), **facts)


_MACHINES = (
    _case("macos-arm64", {_M: module("m")}, _ARM),
    _case("macos-intel", {_M: module("m", cpu="x86_64", minos="10.13")}, _INTEL),
    _case("macos-both", {_M: universal("m")}, _BOTH),
    _case(
        "macos-both-in-a-wide-table",
        {_M: forge_fat(module("m", cpu="x86_64", minos="10.13"), module("m"), wide=True)},
        _BOTH,
    ),
    _case("macos-both-for-one", {_M: universal("m")}, _ARM),
    _case(
        "macos-both-for-each",
        {_M: universal("m")},
        f"{_BOTH}.{_INTEL}.{_ARM}",
        f"{_BOTH}.{_INTEL}.{_ARM}",
    ),
    _case(
        "macos-one-for-both",
        {_M: module("m"), "n.cpython-313-darwin.so": universal("n")},
        _BOTH,
        _ARM,
        problems=(
            Says(
                f"{_M}: built for macOS on arm64, the tag {_BOTH} promises arm64 and x86_64",
                _ARCHITECTURES,
            ),
        ),
    ),
    _case(
        "macos-library-of-one-for-both",
        {_M: universal("m"), "x.dylib": dylib("@rpath/x.dylib")},
        _BOTH,
        _ARM,
        problems=(
            Says(f"x.dylib: built for macOS on arm64, the tag {_BOTH} promises arm64 and x86_64"),
        ),
    ),
    _case(
        "macos-module-of-the-other-machine",
        {_M: module("m", cpu="x86_64", minos="10.13")},
        _ARM,
        _INTEL,
        problems=(
            Says(f"{_M}: built for macOS on x86_64, the tag {_ARM} promises arm64", _ARCHITECTURES),
        ),
    ),
    _case(
        "macos-newer-processors-alone",
        {_M: module("m", cpu="x86_64h", minos="10.13")},
        _INTEL,
        "macosx_10_13_x86_64h",
        problems=(Says(f"{_M}: built for macOS on x86_64h, the tag {_INTEL} promises x86_64"),),
    ),
    _case(
        "macos-library-of-the-other-machine",
        {_M: module("m"), "x.dylib": dylib("x", cpu="x86_64", minos="10.13")},
        _ARM,
        notes=(Says("x.dylib is built for macOS on x86_64: not audited"),),
    ),
    _case(
        "macos-32-bits",
        {
            _M: forge_fat(
                module("m", cpu="i386", minos="10.6"), module("m", cpu="x86_64", minos="10.6")
            )
        },
        "macosx_10_6_intel",
    ),
    _case(
        "macos-big-endian",
        {
            _M: forge_fat(
                *(module("m", cpu=cpu, minos="10.5", old_version=True) for cpu in ("ppc", "i386"))
            )
        },
        "macosx_10_5_fat",
    ),
    _case(
        "ios-module-in-a-wheel-for-macos",
        {_M: module("m", platform=IOS, minos="13.0")},
        _ARM,
        problems=(
            Says(f"{_M}: built for another system of Apple's than macOS", "CMAKE_OSX_SYSROOT"),
        ),
    ),
    _case(
        "macos-unsigned",
        {_M: module("m", signed=False)},
        _ARM,
        problems=(
            Says(
                f"{_M}: not signed, and macOS on arm64 loads no code without a signature",
                "codesign --sign -",
            ),
        ),
    ),
)

_VERSIONS = (
    _case("macos-promises-less", {_M: module("m")}, "macosx_12_0_arm64", _ARM),
    _case(
        "macos-older-than-arm64",
        {_M: module("m", minos="10.15")},
        _ARM,
    ),
    _case(
        "macos-10.16-is-11", {_M: module("m", cpu="x86_64", minos="10.16")}, "macosx_11_0_x86_64"
    ),
    _case(
        "macos-tag-10.16",
        {_M: module("m", cpu="x86_64", minos="11.0")},
        "macosx_10_16_x86_64",
        "macosx_11_0_x86_64",
    ),
    _case(
        "macos-too-new",
        {_M: module("m", minos="15.0")},
        _ARM,
        "macosx_15_0_arm64",
        problems=(
            Says(
                f"the tag {_ARM} promises macOS 11.0 on arm64, macOS 15.0 is needed by {_M}",
                f"{_TARGET}11.0",
            ),
        ),
    ),
    _case(
        "macos-library-too-new",
        {
            _M: _needing("@loader_path/a.dylib"),
            "a.dylib": dylib("a", minos="13.0"),
            "b.dylib": dylib("b", minos="13.0"),
        },
        _ARM,
        "macosx_13_0_arm64",
        problems=(
            Says(
                f"the tag {_ARM} promises macOS 11.0 on arm64, macOS 13.0 is needed by a.dylib "
                "and 1 more"
            ),
        ),
    ),
    _case(
        "macos-half-too-new",
        {_M: universal("m", old="10.15")},
        _BOTH,
        "macosx_10_15_universal2",
        problems=(
            Says(f"the tag {_BOTH} promises macOS 10.13 on x86_64, macOS 10.15 is needed by {_M}"),
        ),
    ),
    _case(
        "macos-new-half-too-new",
        {_M: universal("m", new="12.0")},
        _BOTH,
        "macosx_12_0_universal2",
        problems=(
            Says(f"the tag {_BOTH} promises macOS 11.0 on arm64, macOS 12.0 is needed by {_M}"),
        ),
    ),
    _case(
        "macos-minor-version-above-the-tag",
        {_M: module("m", minos="12.3")},
        "macosx_12_0_arm64",
        notes=(
            Says(
                f"macOS 12.3 is needed by {_M}: the wheel installs on earlier versions of macOS "
                "12, but cannot be loaded there",
                f"{_TARGET}12.0",
            ),
        ),
    ),
    _case(
        "macos-minor-version-above-a-lower-tag",
        {_M: module("m", minos="12.3")},
        "macosx_11_0_arm64",
        "macosx_12_0_arm64",
        problems=(
            Says(
                "the tag macosx_11_0_arm64 promises macOS 11.0 on arm64, macOS 12.3 is needed by "
                f"{_M}",
                f"{_TARGET}11.0",
            ),
        ),
    ),
    _case(
        "macos-tag-with-a-minor-version",
        {_M: module("m", minos="12.3")},
        "macosx_12_3_arm64",
        "macosx_12_0_arm64",
        problems=(
            Says(
                "no installer looks for macosx_12_3_arm64: from macOS 11 on a tag's minor version "
                "is 0",
                f"{_TARGET}12.0",
            ),
        ),
    ),
    _case(
        "macos-tag-from-before-arm64",
        {_M: module("m")},
        "macosx_10_9_arm64",
        _ARM,
        problems=(
            Says(
                "no installer looks for macosx_10_9_arm64: macOS on arm64 begins with 11.0",
                f"{_TARGET}11.0",
            ),
        ),
    ),
    _case(
        "macos-without-a-version",
        {_M: module("m", minos=None)},
        _ARM,
        problems=(
            Says(f"the tag {_ARM} promises macOS 11.0 on arm64, no version is stated by {_M}"),
        ),
    ),
)


ROWS = _MACHINES + _VERSIONS
