"""libstdc++ of a root, and import libraries for Windows."""

from __future__ import annotations

import pytest
from support.toolchain_samples import DEBIAN, HERE, ZIG, make_request, write

from felloe.build.toolchain.libstdcxx import find_libstdcxx
from felloe.build.toolchain.plan import Request, plan_defines, plan_host, plan_zig
from felloe.build.toolchain.python import plan_environ
from felloe.build.toolchain.triple import find_triple
from felloe.build.toolchain.windows import ImportLibrary, find_names, make_stable_library
from felloe.errors import FelloeError
from felloe.python.foreign import make_target
from felloe.python.platform import parse_platform


@pytest.fixture
def gnu_root(tmp_path):
    """A system root with the files of libstdc++ 9 and 10, as Debian lays them out."""
    triplet = "x86_64-linux-gnu"
    for version in ("9", "10"):
        write(tmp_path / f"usr/include/c++/{version}/vector", "")
        write(tmp_path / f"usr/include/{triplet}/c++/{version}/bits/c++config.h", "")
        for name in ("libstdc++.a", "libstdc++fs.a"):
            write(tmp_path / f"usr/lib/gcc/{triplet}/{version}/{name}", "")
    return tmp_path


def test_the_newest_libstdcxx_of_a_root_is_taken(gnu_root):
    found = find_libstdcxx(str(gnu_root), "x86_64-linux-gnu")
    place = gnu_root / "usr/lib/gcc/x86_64-linux-gnu/10"
    archives = (str(place / name) for name in ("libstdc++.a", "libstdc++fs.a"))
    assert found.archives == (*archives, "-lunwind")
    (place / "libstdc++fs.a").unlink()  # newer ones have it inside
    found = find_libstdcxx(str(gnu_root), "x86_64-linux-gnu")
    assert found.archives == (str(place / "libstdc++.a"), "-lunwind")
    assert found.words[:2] == ("-nostdinc++", f"-I{gnu_root}/usr/include/c++/10")


@pytest.mark.parametrize(
    ("root", "triplet", "message"),
    [
        (True, "aarch64-linux-gnu", r"has no libstdc\+\+ for aarch64-linux-gnu"),
        (False, "x86_64-linux-gnu", "needs a `sysroot`"),
    ],
)
def test_a_root_without_libstdcxx_is_refused(gnu_root, root, triplet, message):
    with pytest.raises(FelloeError, match=message) as raised:
        find_libstdcxx(str(gnu_root) if root else "", triplet)
    assert "libstdc++-10-dev" in raised.value.hint


HEADERS = """
PyAPI_FUNC(PyObject *) PyList_New(Py_ssize_t size);
PyAPI_FUNC(int) PyArg_Parse(
    PyObject *, const char *, ...);
PyAPI_FUNC(void *(*)(void)) PyOdd_Get(void);
PyAPI_DATA(PyTypeObject) PyList_Type;
PyAPI_DATA(const char *) const Py_Name[];
static inline int PyInner_Do(void);
"""


def test_an_import_library_has_what_the_headers_declare():
    functions, variables = find_names([HEADERS])
    assert functions == {"PyList_New", "PyArg_Parse", "PyOdd_Get"}
    assert variables == {"PyList_Type", "Py_Name"}
    library = ImportLibrary("python313.dll", functions, variables)
    assert library.render().splitlines() == [
        "LIBRARY python313.dll",
        "EXPORTS",
        *("PyArg_Parse", "PyList_New", "PyOdd_Get"),
        *("PyList_Type DATA", "Py_Name DATA"),
    ]
    assert library.file_name == "libpython313.dll.a"  # FindPython reads the version in it


def test_the_stable_library_has_every_name_of_the_stable_abi():
    library = make_stable_library()
    assert {"PyModule_Create2", "PyModuleDef_Init"} <= library.functions
    assert "PyExc_ValueError" in library.variables
    assert library.library == "python3.dll"


def test_modules_for_windows_link_what_is_made(tmp_path):
    """CMake's FindPython wants both libraries, the engine must not think it runs there."""
    platform = parse_platform("win_amd64", "target")
    libraries = (make_stable_library(), ImportLibrary("python311.dll", frozenset(), frozenset()))
    target = make_target(HERE, platform)
    request = Request(platform, HERE, target, DEBIAN, has_own_headers=True, libraries=libraries)
    toolchain = plan_zig(request, ZIG, find_triple(platform))
    assert {"python3.def", "python311.def", "zig-dlltool", "zig-rc"} <= set(toolchain.files)
    assert "libc-anchor.c" not in toolchain.files
    defines = plan_defines(request, toolchain, tmp_path, names_system=False)
    assert defines["Python_SABI_LIBRARY"] == str(tmp_path / "libpython3.dll.a")
    assert defines["Python3_LIBRARY"] == str(tmp_path / "libpython311.dll.a")
    assert defines["CMAKE_TOOLCHAIN_FILE"] == str(tmp_path / "toolchain.cmake")
    assert "_PYTHON_HOST_PLATFORM" not in plan_environ(tmp_path, target, {})


def test_compilers_of_ones_own_are_told_what_is_built_for(tmp_path):
    request = make_request("manylinux_2_17_aarch64")
    toolchain = plan_host(request)
    defines = plan_defines(request, toolchain, tmp_path, names_system=False)
    assert defines["CMAKE_SYSTEM_NAME"] == "Linux"
    assert defines["CMAKE_SYSTEM_PROCESSOR"] == "aarch64"
    assert defines["CMAKE_PROJECT_INCLUDE_BEFORE"] == str(tmp_path / "project.cmake")
    defines = plan_defines(request, toolchain, tmp_path, names_system=True)
    assert "CMAKE_SYSTEM_NAME" not in defines
