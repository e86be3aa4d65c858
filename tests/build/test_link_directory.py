"""Libraries below the project or the build tree are found by the link commands."""

import zipfile

import pytest

from felloe.build.link_directory import find_link_directories


def test_words_of_ninja_and_make(tmp_path):
    for name in ("stage/lib", "a b", "tree/sub/lib"):
        (tmp_path / name).mkdir(parents=True)
    build = tmp_path / "tree"
    (build / "build.ninja").write_text(
        "build m.so: C m.o\n"
        f"  LINK_LIBRARIES = ../stage/lib/libd.so.4  -lm  {tmp_path}/a$ b/libe.so\n"
        f"  LINK_PATH = -L{build}/sub/lib -L/no/such\n"
    )
    expected = [tmp_path / "stage/lib", tmp_path / "a b", build / "sub/lib"]
    assert find_link_directories(build) == expected
    (build / "build.ninja").unlink()
    make = build / "sub" / "CMakeFiles" / "m.dir"
    make.mkdir(parents=True)
    (make / "link.txt").write_text("/usr/bin/cc -shared -o m.so m.o lib/libz.so x.a\n")
    assert find_link_directories(build) == [build / "sub" / "lib"]


CMAKE = """\
cmake_minimum_required(VERSION 3.15...4.0)
project(p C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
file(WRITE ${CMAKE_BINARY_DIR}/dep.c "int dep(void) { return 20; }")
add_library(dep SHARED ${CMAKE_BINARY_DIR}/dep.c)
file(WRITE ${CMAKE_BINARY_DIR}/m.c "#include <Python.h>
int dep(void);
static struct PyModuleDef d = {PyModuleDef_HEAD_INIT, \\"_m\\", 0, -1, 0};
PyMODINIT_FUNC PyInit__m(void) { dep(); return PyModule_Create(&d); }")
Python_add_library(_m MODULE WITH_SOABI ${CMAKE_BINARY_DIR}/m.c)
target_link_libraries(_m PRIVATE dep)
install(TARGETS _m DESTINATION .)
"""


@pytest.mark.parametrize("cache", ["true", "false"])
def test_a_target_that_is_not_installed_is_copied(hook, copy_project, tmp_path, cache):
    project = copy_project("frontend_tiny", {"CMakeLists.txt": CMAKE})
    (tmp_path / "out").mkdir()
    env = {"FELLOE_CACHE": cache, "FELLOE_CACHE_DIR": str(tmp_path / "cache")}
    made = hook(project, "build_wheel", tmp_path / "out", env=env)
    assert "copying libdep.so" in made.output
    with zipfile.ZipFile(tmp_path / "out" / made.value) as wheel:
        assert any("libdep" in name for name in wheel.namelist())
