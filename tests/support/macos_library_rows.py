"""Rows of tag truth for macOS: libraries, ABIs, other files."""

from __future__ import annotations

from support.mach_samples import (
    DSYM,
    EXECUTE,
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
_BRING = "name its directory in `libraries.search`"


def _case(name: str, files, platform: str, proved: str = "", **said) -> Case:
    """A wheel for CPython 3.13; ``proved`` is its platform where that is not the claimed one."""
    tag = "cp313-cp313-"
    return Case(name, files, tag + platform, tag + (proved or platform), **said)


def _needing(*names, **facts):
    return module("m", dylibs=("/usr/lib/libSystem.B.dylib", *names), **facts)


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
                "m.cpython-312-darwin.so works only with cp312; the tag cp313-cp313 promises "
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
                f"{_M} is not a module for macOS (broken Mach-O: the load commands reach beyond "
                "the end of the image)"
            ),
        ),
    ),
)


ROWS = _LIBRARIES + _ABIS + _OTHERS
