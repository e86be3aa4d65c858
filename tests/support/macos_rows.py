"""macOS tags: machines, versions, libraries of Mach-O files forged for the purpose."""

from __future__ import annotations

from support.mach_samples import (
    DSYM,
    EXECUTE,
    IOS,
    LAZY,
    OBJECT,
    WEAK,
    dylib,
    forge_fat,
    forge_macho,
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
_BRING = "copy it in with delocate"


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
        "macos-between-two-tags",
        {_M: module("m", minos="12.3")},
        "macosx_12_0_arm64",
        "macosx_13_0_arm64",
        problems=(
            Says(
                "the tag macosx_12_0_arm64 promises macOS 12.0 on arm64, macOS 12.3 is needed by "
                f"{_M}",
                f"{_TARGET}12.0",
            ),
        ),
    ),
    _case(
        "macos-tag-with-a-minor-version",
        {_M: module("m", minos="12.3")},
        "macosx_12_3_arm64",
        "macosx_13_0_arm64",
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


def _missing(name: str, path: str = _M, hint: str = _BRING) -> Says:
    return Says(f"{name} is neither in the wheel nor a part of macOS: needed by {path}", hint)


_LIBRARIES = (
    _case(
        "macos-libraries-of-the-system",
        {_M: _needing("/usr/lib/libc++.1.dylib", "/System/Library/Frameworks/A.framework/A")},
        _ARM,
    ),
    _case("macos-library-of-homebrew", {_M: _needing(_BREW)}, _ARM, problems=(_missing(_BREW),)),
    _case(
        "macos-weak-library",
        {_M: _needing((_BREW, WEAK))},
        _ARM,
    ),
    _case(
        "macos-lazy-library",
        {_M: _needing((_BREW, LAZY))},
        _ARM,
        problems=(_missing(_BREW),),
    ),
    _case(
        "macos-library-beside-its-user",
        {"p/" + _M: _needing("@loader_path/.dylibs/a.dylib"), "p/.dylibs/a.dylib": dylib("a")},
        _ARM,
    ),
    _case(
        "macos-library-elsewhere-in-the-wheel",
        {"p/" + _M: _needing("@loader_path/a.dylib"), "q/a.dylib": dylib("/q/a.dylib")},
        _ARM,
        problems=(_missing("@loader_path/a.dylib", "p/" + _M),),
    ),
    _case(
        "macos-library-on-an-rpath",
        {
            "p/" + _M: _needing("@rpath/a.dylib", rpaths=("@loader_path/../lib",)),
            "lib/a.dylib": dylib("a"),
        },
        _ARM,
    ),
    _case(
        "macos-library-on-an-rpath-with-too-many-slashes",
        {
            "p/" + _M: _needing("@rpath/a.dylib", rpaths=("@loader_path/",)),
            "p/a.dylib": dylib("a", dylibs=("@loader_path//d/b.dylib",)),
            "p/d/b.dylib": dylib("b"),
        },
        _ARM,
    ),
    _case(
        "macos-library-on-no-rpath",
        {
            "p/" + _M: _needing("@rpath/a.dylib", rpaths=("/opt/lib", "@loader_path/lib")),
            "lib/a.dylib": dylib("a"),
        },
        _ARM,
        problems=(_missing("@rpath/a.dylib", "p/" + _M),),
    ),
    _case(
        "macos-library-of-the-system-on-an-rpath",
        {_M: _needing("@rpath/libswiftCore.dylib", rpaths=("/usr/lib/swift",))},
        _ARM,
    ),
    _case(
        "macos-library-on-its-user's-rpath",
        {
            "p/" + _M: _needing("@rpath/d/a.dylib", rpaths=("@loader_path",)),
            "p/d/a.dylib": dylib("a", dylibs=("@rpath/d/b.dylib",)),
            "p/d/b.dylib": dylib("b"),
        },
        _ARM,
    ),
    _case(
        "macos-library-by-its-install-name",
        {_M: _needing("/build/a.dylib"), "x/a.dylib": dylib("/build/a.dylib")},
        _ARM,
    ),
    _case(
        "macos-library-of-one-machine",
        {
            _M: universal("m", dylibs=("@loader_path/a.dylib",)),
            "a.dylib": forge_fat(dylib("a"), dylib("a", cpu="x86_64", minos="10.13")),
        },
        _BOTH,
    ),
    _case(
        "macos-program-beside-its-library",
        {
            _M: module("m"),
            "bin/tool": forge_macho(kind=EXECUTE, dylibs=("@executable_path/../lib/a.dylib",)),
            "lib/a.dylib": dylib("a"),
        },
        _ARM,
    ),
    _case(
        "macos-program-among-the-scripts",
        {
            "truth-1.0.data/scripts/tool": forge_macho(kind=EXECUTE, dylibs=("@rpath/a.dylib",)),
            "truth-1.0.data/platlib/" + _M: _needing("@loader_path/a.dylib"),
            "a.dylib": dylib("a"),
        },
        _ARM,
    ),
    _case(
        "macos-linked-with-libpython",
        {_M: _needing("/Library/Frameworks/Python.framework/Versions/3.13/Python")},
        _ARM,
        problems=(
            _missing(
                "/Library/Frameworks/Python.framework/Versions/3.13/Python",
                hint="link Python::Module",
            ),
        ),
    ),
)

_ABIS = (
    Case("macos-abi3", {"m.abi3.so": module("m")}, f"cp39-abi3-{_ARM}", f"cp39-abi3-{_ARM}"),
    Case(
        "macos-abi3-beyond-its-floor",
        {"m.abi3.so": universal("m", "PyUnicode_AsUTF8AndSize")},
        f"cp39-abi3-{_BOTH}",
        f"cp310-abi3-{_BOTH}",
        problems=(
            Says(
                "m.abi3.so breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyUnicode_AsUTF8AndSize: in the stable ABI since Python 3.10",
                "raise `wheel.py-api`",
            ),
        ),
    ),
    Case(
        "macos-abi3-with-a-weak-import",
        {"m.abi3.so": module("m", ("PyUnicode_AsUTF8AndSize", 0xFE, True))},
        f"cp39-abi3-{_ARM}",
        f"cp39-abi3-{_ARM}",
    ),
    Case(
        "macos-abi3-with-names-of-a-helper",
        {
            "m.abi3.so": forge_macho(
                exports=("PyInit_m",),
                imports=(("PyHelp_Me", 1, False),),
                dylibs=("@loader_path/h.dylib",),
            ),
            "h.dylib": dylib("h"),
        },
        f"cp39-abi3-{_ARM}",
        f"cp39-abi3-{_ARM}",
    ),
    Case(
        "macos-abi3-with-names-that-a-helper-exports",
        {
            "m.abi3.so": module("m", "PyHelp_Me"),
            "h.dylib": dylib("h", exports=("PyHelp_Me",)),
        },
        f"cp39-abi3-{_ARM}",
        f"cp39-abi3-{_ARM}",
    ),
    _case(
        "macos-module-without-a-trie",
        {_M: module("m", with_trie=False)},
        _ARM,
    ),
    _case(
        "macos-module-without-init",
        {_M: module("other")},
        _ARM,
        notes=(Says(f"{_M} exports neither PyInit_m nor PyModExport_m: importing it will fail"),),
    ),
    Case(
        "macos-module-for-another-python",
        {"m.cpython-312-darwin.so": module("m")},
        f"cp313-cp313-{_ARM}",
        f"cp312-cp312-{_ARM}",
        problems=(
            Says(
                "m.cpython-312-darwin.so works with cp312 alone; the tag cp313-cp313 promises "
                "exactly cp313"
            ),
        ),
    ),
    _case(
        "macos-module-with-the-suffix-of-linux",
        {"m.cpython-313-x86_64-linux-gnu.so": module("m")},
        _ARM,
        problems=(
            Says(
                "m.cpython-313-x86_64-linux-gnu.so has the suffix "
                ".cpython-313-x86_64-linux-gnu.so, which Pythons for macOS do not import",
                "-darwin.so",
            ),
        ),
    ),
    _case(
        "macos-module-with-the-suffix-of-windows",
        {"m.pyd": module("m")},
        _ARM,
        problems=(Says("m.pyd has the suffix .pyd, which Pythons for macOS do not import"),),
    ),
)

_OTHERS = (
    Case(
        "macos-program-alone",
        {"truth-1.0.data/scripts/tool": forge_macho(kind=EXECUTE)},
        f"py3-none-{_ARM}",
        f"py3-none-{_ARM}",
    ),
    Case(
        "macos-library-under-a-python",
        {"p/a.dylib": dylib("a")},
        f"cp313-cp313-{_ARM}",
        f"py3-none-{_ARM}",
    ),
    Case(
        "macos-library-under-any",
        {"p/a.dylib": dylib("a")},
        "py3-none-any",
        "py3-none-any",
        problems=(
            Says(
                "p/a.dylib is built for macOS on arm64, the tag py3-none-any promises any machine",
                "wheel.platlib",
            ),
        ),
    ),
    _case(
        "macos-for-a-linker-and-a-debugger",
        {
            _M: module("m"),
            "x.o": forge_macho("x86_64", kind=OBJECT, minos="15.0"),
            "m.dSYM/m": forge_macho("x86_64", kind=DSYM, minos="15.0"),
        },
        _ARM,
    ),
    Case(
        "macos-with-nothing-for-it",
        {"x.o": forge_macho(kind=OBJECT)},
        f"py3-none-{_ARM}",
        f"py3-none-{_ARM}",
        problems=(
            Says(f"no binary of the wheel is for what its tag says, {_ARM}", _ARCHITECTURES),
        ),
    ),
    _case(
        "macos-broken",
        {_M: module("m")[:40]},
        _ARM,
        problems=(
            Says(
                f"{_M} is no module for macOS (broken Mach-O: the load commands reach beyond the "
                "end of the image)"
            ),
        ),
    ),
)

ROWS = _MACHINES + _VERSIONS + _LIBRARIES + _ABIS + _OTHERS
