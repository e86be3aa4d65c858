"""Windows tags: machines, interpreters' libraries and DLLs of PE files forged for the purpose."""

from __future__ import annotations

from support.mach_samples import module as mac_module
from support.pe_samples import forge_pe, library, module
from support.truth_case import Case, Says

_M = "m.cp313-win_amd64.pyd"
_WIN = "win_amd64"
_PY_API = "`wheel.py-api`"


def _case(name: str, files, platform: str = _WIN, proved: str = "", **said) -> Case:
    """A wheel for CPython 3.13; ``proved`` is its platform where that is not the claimed one."""
    tag = "cp313-cp313-"
    return Case(name, files, tag + platform, tag + (proved or platform), **said)


def _abi3(name: str, files, tag: str = "cp39-abi3", proved: str = "", **said) -> Case:
    return Case(name, files, f"{tag}-{_WIN}", f"{proved or tag}-{_WIN}", **said)


_MACHINES = (
    _case("windows", {_M: module("m")}),
    _case("windows-32-bits", {"m.cp313-win32.pyd": module("m", platform="win32")}, "win32"),
    _case(
        "windows-arm64", {"m.cp313-win_arm64.pyd": module("m", platform="win_arm64")}, "win_arm64"
    ),
    _case(
        "windows-module-of-another-machine",
        {_M: module("m", platform="win_arm64")},
        _WIN,
        "win_arm64",
        problems=(Says(f"{_M} is built for Windows (win_arm64), the wheel's tag says win_amd64"),),
    ),
    _case(
        "windows-module-of-an-unknown-machine",
        {_M: module("m", machine=0x1C4)},
        problems=(
            Says(f"{_M} is built for Windows (machine 0x1c4), the wheel's tag says win_amd64"),
        ),
    ),
    _case(
        "windows-module-named-for-another-machine",
        {"m.cp313-win32.pyd": module("m")},
        problems=(Says("m.cp313-win32.pyd is built for Windows (win_amd64) and named for win32"),),
    ),
    _case(
        "windows-launchers-of-other-machines",
        {_M: module("m"), "t32.exe": forge_pe("win32", dll=False)},
        notes=(Says("t32.exe is built for Windows (win32): not audited"),),
    ),
    _case(
        "windows-.net",
        {_M: module("m"), "Runtime.dll": library(platform="win32", managed=True)},
    ),
    Case(
        "windows-library-of-another-machine-alone",
        {"p/a.dll": library(platform="win32")},
        "py3-none-win_amd64",
        "py3-none-win_amd64",
        problems=(Says("no binary of the wheel is for what its tag says, win_amd64"),),
        notes=(Says("p/a.dll is built for Windows (win32): not audited"),),
    ),
    Case(
        "windows-program-of-32-bits-on-64",
        {"p/tool.exe": forge_pe("win32", dll=False), "p/a.dll": library(platform="win32")},
        "py3-none-win_amd64",
        "py3-none-win_amd64",
        notes=(
            Says("p/tool.exe is built for Windows (win32): not audited"),
            Says("p/a.dll is built for Windows (win32): not audited"),
        ),
    ),
    Case(
        "windows-program-of-intel-on-arm64",
        {"p/tool.exe": forge_pe(dll=False)},
        "py3-none-win_arm64",
        "py3-none-win_arm64",
        notes=(Says("p/tool.exe is built for Windows (win_amd64): not audited"),),
    ),
    Case(
        "windows-program-of-64-bits-on-32",
        {"p/tool.exe": forge_pe(dll=False)},
        "py3-none-win32",
        "py3-none-win32",
        problems=(Says("no binary of the wheel is for what its tag says, win32"),),
        notes=(Says("p/tool.exe is built for Windows (win_amd64): not audited"),),
    ),
    Case(
        "windows-program-alone",
        {"truth-1.0.data/scripts/tool.exe": forge_pe(dll=False, imports={"ntdll.dll": ("a",)})},
        "py3-none-win_amd64",
        "py3-none-win_amd64",
    ),
    _case(
        "windows-module-for-macos",
        {"m.cpython-313-darwin.so": mac_module("m"), "n.cp313-win_amd64.pyd": module("n")},
        problems=(
            Says(
                "m.cpython-313-darwin.so is built for macOS on arm64, the wheel's tag says "
                "win_amd64"
            ),
        ),
    ),
    _case(
        "windows-module-with-the-suffix-of-linux",
        {"m.cpython-313-x86_64-linux-gnu.so": module("m")},
        problems=(
            Says(
                "m.cpython-313-x86_64-linux-gnu.so has the suffix "
                ".cpython-313-x86_64-linux-gnu.so, which Pythons for Windows do not import",
                ".pyd",
            ),
        ),
    ),
    _case(
        "windows-broken",
        {_M: b"MZ" + bytes(80)},
        problems=(
            Says(
                f"{_M} is not a module for Windows (broken PE: no PE signature where the MS-DOS "
                "header says it is)"
            ),
        ),
    ),
)

_PYTHONS = (
    _abi3("windows-abi3", {"m.pyd": module("m", python="python3.dll")}),
    _abi3(
        "windows-abi3-of-one-version",
        {"m.pyd": module("m", python="python313.dll")},
        proved="cp313-cp313",
        problems=(
            Says(
                "m.pyd imports from the library of cp313 and works only with it; the tag "
                "cp39-abi3 promises every CPython from 3.9 on",
                "USE_SABI",
            ),
        ),
    ),
    _abi3(
        "windows-abi3-beyond-its-floor",
        {"m.pyd": module("m", "PyUnicode_AsUTF8AndSize", python="python3.dll")},
        proved="cp310-abi3",
        problems=(
            Says(
                "m.pyd breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyUnicode_AsUTF8AndSize: in the stable ABI since Python 3.10",
                f"raise {_PY_API}",
            ),
        ),
    ),
    _abi3(
        "windows-abi3-under-the-name-of-linux",
        {"m.abi3.pyd": module("m", python="python3.dll")},
        problems=(
            Says(
                "m.abi3.pyd exports PyInit_m, but no interpreter imports a file of that name",
                "Python_SOSABI",
            ),
        ),
    ),
    _abi3(
        "windows-abi3-with-a-helper-of-one-version",
        {
            "m.pyd": module("m", python="python3.dll", needs=("help.dll",)),
            "help.dll": forge_pe(exports=("answer",), imports={"python313.dll": ("PyErr_Print",)}),
        },
        problems=(
            Says(
                "help.dll imports from python313.dll; the tag cp39-abi3-win_amd64 is not for cp313",
                "Py_LIMITED_API",
            ),
        ),
    ),
    _case(
        "windows-abi3-under-a-narrower-tag",
        {"m.pyd": module("m", python="python3.dll")},
        notes=(
            Says(
                "every module of the wheel is built for the stable ABI, its tag cp313-cp313 names "
                "one version"
            ),
        ),
    ),
    _case(
        "windows-imports-from-another-version",
        {_M: module("m", python="python312.dll")},
        problems=(
            Says(f"{_M} imports from python312.dll, its name promises cp313", "build it with"),
        ),
    ),
    _case(
        "windows-bare-suffix",
        {"m.pyd": module("m")},
    ),
    Case(
        "windows-bare-suffix-of-another-version",
        {"m.pyd": module("m", python="PYTHON312.DLL")},
        "cp313-cp313-win_amd64",
        "cp312-cp312-win_amd64",
        problems=(
            Says(
                "m.pyd imports from the library of cp312 and works only with it; the tag "
                "cp313-cp313 promises exactly cp313"
            ),
        ),
    ),
    Case(
        "windows-3.7",
        {
            "m.cp37-win_amd64.pyd": module("m", python="python37.dll"),
            "n.pyd": module("n", python="python37.dll"),
            "help.dll": forge_pe(exports=("answer",), imports={"python37.dll": ("PyErr_Print",)}),
        },
        "cp37-cp37m-win_amd64",
        "cp37-cp37m-win_amd64",
    ),
    Case(
        "windows-3.7-under-the-version-alone",
        {
            "m.cp37-win_amd64.pyd": module("m", python="python37.dll"),
            "help.dll": forge_pe(exports=("answer",), imports={"python37.dll": ("PyErr_Print",)}),
        },
        "cp37-none-win_amd64",
        "cp37-none-win_amd64",
    ),
    Case(
        "windows-2.7",
        {"m.pyd": forge_pe(exports=("initm",), imports={"python27.dll": ("PyErr_Print",)})},
        "cp27-cp27m-win_amd64",
        "cp27-cp27m-win_amd64",
    ),
    Case(
        "windows-mingw",
        {"m.cp312-mingw_x86_64_ucrt_gnu.pyd": module("m", python="libpython3.12.dll")},
        "cp312-cp312-mingw_x86_64_ucrt_gnu",
        "cp312-cp312-mingw_x86_64_ucrt_gnu",
        notes=(
            Says(
                "the platform tag mingw_x86_64_ucrt_gnu is not checked: felloe has no rules for "
                "its system",
            ),
        ),
    ),
    _case(
        "windows-mingw-under-windows",
        {"m.cp313-mingw_x86_64_ucrt_gnu.pyd": module("m")},
        problems=(
            Says(
                "m.cp313-mingw_x86_64_ucrt_gnu.pyd is built for Windows (win_amd64) and named for "
                "mingw_x86_64_ucrt_gnu"
            ),
        ),
    ),
    Case(
        "windows-free-threaded",
        {"m.cp313t-win_amd64.pyd": module("m", python="python313t.dll")},
        "cp313-cp313t-win_amd64",
        "cp313-cp313t-win_amd64",
    ),
    Case(
        "windows-free-threaded-with-the-library-of-the-gil",
        {"m.cp313t-win_amd64.pyd": module("m", python="python313.dll")},
        "cp313-cp313t-win_amd64",
        "cp313-cp313t-win_amd64",
        problems=(
            Says("m.cp313t-win_amd64.pyd imports from python313.dll, its name promises cp313t"),
        ),
    ),
    Case(
        "windows-abi3t",
        {"m.pyd": module("m", python="python3t.dll")},
        "cp315-abi3.abi3t-win_amd64",
        "cp315-abi3.abi3t-win_amd64",
    ),
    Case(
        "windows-abi3-for-free-threaded",
        {"m.pyd": module("m", python="python3.dll")},
        "cp315-abi3.abi3t-win_amd64",
        "cp315-abi3-win_amd64",
        problems=(
            Says(
                "m.pyd works with the stable ABI of builds with the GIL; the tag cp315-abi3t "
                "promises every free-threaded CPython from 3.15 on"
            ),
        ),
    ),
    _case(
        "windows-debug",
        {_M: module("m", python="python313_d.dll")},
        problems=(
            Says(
                f"{_M} imports from python313_d.dll, which only debug builds of Python have",
                "CMAKE_BUILD_TYPE=Release",
            ),
        ),
    ),
    Case(
        "windows-pypy",
        {"m.pypy311-pp73-win_amd64.pyd": module("m", python="libpypy3.11-c.dll")},
        "pp311-pypy311_pp73-win_amd64",
        "pp311-pypy311_pp73-win_amd64",
    ),
    Case(
        "windows-module-under-py3",
        {"m.pyd": module("m", python="python3.dll")},
        "py3-none-win_amd64",
        "cp32-abi3-win_amd64",
        problems=(
            Says(
                "m.pyd works with the stable ABI of builds with the GIL; the tag py3-none promises "
                "every Python 3"
            ),
        ),
        notes=(
            Says(
                "every module of the wheel is built for the stable ABI, its tag py3-none names one "
                "version"
            ),
        ),
    ),
    _case(
        "windows-interpreter-brought-along",
        {
            _M: module("m"),
            "tool.exe": forge_pe(dll=False, imports={"python312.dll": ("Py_Main",)}),
            "python312.dll": library("Py_Main"),
        },
    ),
    Case(
        "windows-library-under-a-python",
        {"p/a.dll": library()},
        "cp313-cp313-win_amd64",
        "py3-none-win_amd64",
    ),
)


def _missing(
    name: str, path: str = _M, hint: str = "name its directory in `libraries.search`"
) -> Says:
    return Says(f"{name} is neither in the wheel nor a part of Windows: needed by {path}", hint)


def _redistributable(name: str, path: str = _M) -> Says:
    return Says(
        f"{name} of Microsoft's C++ runtime, which is not a part of Windows: needed by {path}",
        "Visual C++ Redistributable",
    )


_DESKTOP = tuple(
    f"{name}.dll"
    for name in [
        "OPENGL32",
        "GLU32",
        "MSVFW32",
        "AVICAP32",
        "MSCOREE",
        "WMVCORE",
        "gdiplus",
        "d3dcompiler_47",
    ]
)

_LIBRARIES = (
    _case(
        "windows-libraries-of-the-system",
        {
            _M: module(
                "m",
                needs=("ucrtbase.dll", "api-ms-win-crt-heap-l1-1-0.dll", "VCRUNTIME140_1.dll"),
            )
        },
    ),
    _case(
        "windows-library-missing",
        {_M: module("m", needs=("png16.dll",))},
        problems=(_missing("png16.dll"),),
    ),
    _case(
        "windows-c++-library-missing",
        {_M: module("m", needs=("MSVCP140.dll",))},
        notes=(_redistributable("MSVCP140.dll"),),
    ),
    _case(
        "windows-library-in-the-wheel",
        {_M: module("m", needs=("PNG16.dll",)), "truth.libs/png16.dll": library()},
    ),
    _case(
        "windows-library-in-the-wheel-for-another-machine",
        {_M: module("m", needs=("png16.dll",)), "png16.dll": library(platform="win32")},
        problems=(_missing("png16.dll"),),
        notes=(Says("png16.dll is built for Windows (win32): not audited"),),
    ),
    _case(
        "windows-library-loaded-late",
        {_M: module("m", delayed={"png16.dll": ("a",)})},
        notes=(Says(f"{_M} loads png16.dll when it first calls it: not in the wheel"),),
    ),
    _case(
        "windows-runtime-of-a-program",
        {_M: module("m"), "tool.exe": forge_pe(dll=False, imports={"vcruntime140.dll": ("a",)})},
        notes=(_redistributable("vcruntime140.dll", "tool.exe"),),
    ),
    _case(
        "windows-debug-c++-library-missing",
        {_M: module("m", needs=("MSVCP140D.dll",))},
        problems=(_missing("MSVCP140D.dll"),),
    ),
    _case(
        "windows-libraries-of-x86",
        {_M: module("m", needs=_DESKTOP)},
    ),
    _case(
        "windows-libraries-of-arm64",
        {
            "m.cp313-win_arm64.pyd": module(
                "m", platform="win_arm64", needs=("OPENGL32.dll", "gdiplus.dll", "MSVFW32.dll")
            )
        },
        "win_arm64",
        problems=(_missing("MSVFW32.dll", "m.cp313-win_arm64.pyd"),),
    ),
)

ROWS = _MACHINES + _PYTHONS + _LIBRARIES
