"""Rows of tag truth: other formats, and wheels without modules."""

from __future__ import annotations

from support.compiled_samples import Need, Specimen, library, module
from support.pe_samples import forge_pe
from support.truth_case import LINUX, OLDEST, Case, Says, m

_M = m("cpython-311")
_CLAIM = f"cp311-cp311-{LINUX}"
_MUSL = "m.cpython-311-x86_64-linux-musl.so"
_ALPINE = Need("libc.musl-x86_64.so.1", "", ("puts",))
_MACHINE = "_PYTHON_HOST_PLATFORM"
_DARWIN = "m.cpython-311-darwin.so"
_PE = "m.cp311-win_amd64.pyd"
_RELATIVE = "static char v[4]; char *p[4] = {v, v + 1, v + 2, v + 3};"


_MACOS = Specimen(("PyInit_m",), target="aarch64-macos.11.0-none")
_WINDOWS = Specimen(
    ("PyInit_m",),
    target="x86_64-windows-gnu",
    code="int DllMainCRTStartup(void *a, unsigned b, void *c) { return 1; }",
)

_OPAQUE = (
    Case(
        "macos-module-in-its-wheel",
        {_DARWIN: _MACOS},
        "cp311-cp311-macosx_11_0_arm64",
        "cp311-cp311-macosx_11_0_arm64",
    ),
    Case(
        "macos-module-for-the-version-that-zig-takes-by-itself",
        {_DARWIN: Specimen(("PyInit_m",), target="aarch64-macos")},
        "cp311-cp311-macosx_11_0_arm64",
        "cp311-cp311-macosx_15_0_arm64",
        problems=(
            Says(
                "the tag macosx_11_0_arm64 promises macOS 11.0 on arm64, macOS 15.0 is needed by "
                f"{_DARWIN}",
                "MACOSX_DEPLOYMENT_TARGET=11.0",
            ),
        ),
    ),
    Case(
        "windows-module-in-its-wheel",
        {_PE: _WINDOWS},
        "cp311-cp311-win_amd64",
        "cp311-cp311-win_amd64",
    ),
    Case(
        "windows-module-under-abi3",
        {_PE: _WINDOWS},
        "cp39-abi3-win_amd64",
        None,
        problems=(
            Says(
                f"{_PE} works only with cp311; the tag cp39-abi3 promises every CPython from "
                "3.9 on",
                "build the module for the stable ABI",
            ),
        ),
    ),
    Case(
        "macos-module-in-a-wheel-for-linux",
        {_DARWIN: _MACOS},
        _CLAIM,
        _CLAIM,
        problems=(
            Says(
                f"{_DARWIN} is not a module for Linux on x86_64 (it is built for macOS on arm64)",
                _MACHINE,
            ),
        ),
    ),
    Case(
        "broken-module",
        {_M: b"\x7fELF\x02\x01\x01" + bytes(3)},
        _CLAIM,
        _CLAIM,
        problems=(
            Says(
                f"{_M} is not a module for Linux on x86_64 (broken ELF: the ELF identification is "
                "cut off)",
            ),
        ),
    ),
    Case(
        "machine-code-that-is-data",
        {
            _M: module("m"),
            "data/x.dylib": _MACOS,
            "data/x.dll": _WINDOWS,
            "data/x.wasm": b"\0asm\1\0\0\0",
            "data/x.a": b"!<arch>\n",
            "data/Main.class": b"\xca\xfe\xba\xbe\0\0\0\x41",
        },
        _CLAIM,
        f"cp311-cp311-{OLDEST}",
        notes=(
            Says("data/x.dylib is built for macOS on arm64: not audited"),
            Says("data/x.dll is built for Windows (win_amd64): not audited"),
            Says("data/x.wasm: WebAssembly is not audited"),
            Says("data/x.a: static archive is not audited"),
        ),
    ),
)

_PROGRAM = "truth-1.0.data/scripts/truth"

_OTHERS = (
    Case(
        "ctypes-library",
        {"pkg/libplain.so": library(needs=(Need("libc.so.6", "GLIBC_2.17", ("puts",)),))},
        _CLAIM,
        "py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64",
    ),
    Case(
        "ctypes-library-beside-cached-bytecode",
        {"pkg/libplain.so": library(), "pkg/__pycache__/m.cpython-311.pyc": b"pyc"},
        _CLAIM,
        f"py3-none-{OLDEST}",
    ),
    Case(
        "ctypes-library-beside-a-module-of-bytecode",
        {"pkg/libplain.so": library(), "pkg/m.pyc": b"pyc"},
        _CLAIM,
        f"cp311-cp311-{OLDEST}",
    ),
    Case(
        "ctypes-library-for-python-2",
        {"pkg/libplain.so": library()},
        f"cp27-cp27mu-{LINUX}",
        f"cp27-cp27mu-{OLDEST}",
    ),
    Case(
        "ctypes-library-under-py3",
        {"pkg/libplain.so": library()},
        f"py3-none-{LINUX}",
        f"py3-none-{OLDEST}",
    ),
    Case(
        "ctypes-library-under-py2.py3",
        {"pkg/libplain.so": library()},
        f"py2.py3-none-{LINUX}",
        f"py2.py3-none-{OLDEST}",
    ),
    Case(
        "library-bound-to-python",
        {"pkg/libbound.so.1": library(imports=("PyErr_Clear",))},
        _CLAIM,
        f"cp311-cp311-{OLDEST}",
    ),
    Case(
        "program",
        {
            _PROGRAM: Specimen(
                form="program", needs=(Need("libc.so.6", "GLIBC_2.34", ("__libc_start_main",)),)
            )
        },
        _CLAIM,
        "py3-none-manylinux_2_34_x86_64",
    ),
    Case(
        "static-program",
        {_PROGRAM: Specimen(form="program", flags=("-static", "-no-pie"))},
        _CLAIM,
        f"py3-none-{OLDEST}",
    ),
    Case(
        "object-file-alone",
        {"pkg/x.o": Specimen(("x",), form="object")},
        f"py3-none-{LINUX}",
        f"py3-none-{LINUX}",
    ),
    Case(
        "static-archive-alone",
        {"lib/libx.a": b"!<arch>\n"},
        f"py3-none-{LINUX}",
        f"py3-none-{LINUX}",
        notes=(Says("lib/libx.a: static archive is not audited"),),
    ),
    Case("pure", {"pkg/__init__.py": "x = 1\n"}, "py3-none-any", "py3-none-any"),
    Case(
        "platform-without-a-binary",
        {"pkg/__init__.py": "x = 1\n"},
        _CLAIM,
        _CLAIM,
        notes=(
            Says(
                f"the wheel is tagged {_CLAIM} and has no binaries",
                "install() what CMake builds into the wheel, or set `wheel.cmake = false`",
            ),
        ),
    ),
    Case(
        "library-under-any",
        {"pkg/libplain.so": library()},
        "py3-none-any",
        "py3-none-any",
        problems=(
            Says(
                "pkg/libplain.so is built for x86_64, the tag py3-none-any promises any machine",
                "set `wheel.platlib = true`",
            ),
        ),
    ),
    Case(
        "libraries-of-several-machines-under-any",
        {
            "pkg/x86_64/libplain.so": library(),
            "pkg/aarch64/libplain.so": library(target="aarch64-linux-gnu"),
            "pkg/aarch64/libmore.so": library(target="aarch64-linux-gnu"),
            "pkg/plain.dll": _WINDOWS,
        },
        "py3-none-any",
        "py3-none-any",
        notes=(
            Says("pkg/x86_64/libplain.so: built for Linux on x86_64, not audited"),
            Says("pkg/aarch64/libplain.so and 1 more: built for Linux on aarch64, not audited"),
            Says("pkg/plain.dll: built for Windows (win_amd64), not audited"),
        ),
    ),
    Case(
        "library-beside-a-launcher-under-any",
        {"pkg/libplain.so": library(), "pkg/cli.exe": forge_pe(dll=False)},
        "py3-none-any",
        "py3-none-any",
        problems=(
            Says(
                "pkg/libplain.so is built for x86_64, the tag py3-none-any promises any machine",
            ),
        ),
    ),
    Case(
        "module-under-any",
        {_M: module("m")},
        "cp311-none-any",
        "cp311-none-any",
        problems=(
            Says(
                f"{_M} is built for x86_64, the tag cp311-none-any promises any machine",
                "set `wheel.platlib = true`",
            ),
        ),
    ),
    Case(
        "windows-program-under-any",
        {"pkg/cli.exe": _WINDOWS},
        "py3-none-any",
        "py3-none-any",
    ),
    Case(
        "object-under-any",
        {"pkg/x.o": Specimen(("x",), form="object")},
        "py3-none-any",
        "py3-none-any",
    ),
)


ROWS = _OPAQUE + _OTHERS
