"""C++ that passes between the files of wheels that zig builds."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import zipfile
from pathlib import Path

import pytest
from support.paths import EXAMPLES, PROJECTS
from support.process import run
from support.zig_builds import platforms, read_modules

pytestmark = pytest.mark.network


GNU = "manylinux_2_17_x86_64"
ARM = "manylinux_2_17_aarch64"
MUSL = "musllinux_1_2_x86_64"


ASK_MODULES = """
import importlib, json, sys
modules = [importlib.import_module(name) for name in sys.argv[1:]]
said = {}
for module in modules:
    owner = importlib.import_module("third" if module.__name__ == "third" else "first")
    for function in ("domain", "range", "refuse"):
        try:
            getattr(module, function)()
        except Exception as error:
            said[module.__name__, function] = type(error).__name__, str(error)
    said[module.__name__, "calls"] = [module.calls(other.domain) for other in modules]
    said[module.__name__, "thread"] = module.catch_in_thread()
    said[module.__name__, "side"] = module.side_of(owner.Square(3.0))
print(json.dumps([[*key, value] for key, value in said.items()]))
"""


@pytest.fixture(scope="session")
def crossing(once, zig_wheel, builder, clean_environ):
    """A directory with two modules of zig's and one of the host's compiler."""
    code = "import json, sys, felloe; felloe.build_wheel(sys.argv[1], json.loads(sys.argv[2]))"
    zigs = zig_wheel(PROJECTS / "crossing", GNU)

    def make(place):
        command = (builder, "-c", code, place, json.dumps({"cmake.define.MODULES": "third"}))
        run(*command, env=clean_environ, cwd=PROJECTS / "crossing")
        for wheel in (zigs, *place.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place)

    return once("crossing", make)


@pytest.mark.parametrize("order", ["first second third", "third second first"])
def test_cpp_passes_between_modules(order, crossing, builder):
    """Exceptions and casts, in one process.

    With libc++ as it comes all that `second` throws is "an unknown exception", and its casts of
    what `first` has made fail.
    """
    environ = {**os.environ, "PYTHONPATH": str(crossing)}
    done = run(builder, "-c", ASK_MODULES, *order.split(), env=environ)
    said = {(module, function): value for module, function, value in json.loads(done.stdout)}
    for name in ("first", "second", "third"):
        assert said[name, "domain"] == ["ValueError", "outside"]
        assert said[name, "range"] == ["IndexError", "beyond"]
        assert said[name, "refuse"] == ["Refusal", "no"]
        assert said[name, "calls"] == ["ValueError"] * 3
        assert said[name, "thread"] == "in a thread 1.5"
        assert said[name, "side"] == 3.0


LIBRARY = {
    "core.hpp": "#pragma once\n#include <string>\nstd::string name_of(int number);\n",
    "core.cpp": '#include "core.hpp"\nstd::string name_of(int n) { return std::to_string(n); }\n',
    "plain.cpp": (
        '#include "core.hpp"\n'
        'extern "C" int length(int n) { return (name_of(n) + std::to_string(n)).size(); }\n'
    ),
    "CMakeLists.txt": (
        "cmake_minimum_required(VERSION 3.15...4.0)\nproject(plain LANGUAGES CXX)\n"
        "add_library(core core.cpp)\nadd_library(plain SHARED plain.cpp)\n"
        "set_target_properties(core plain PROPERTIES POSITION_INDEPENDENT_CODE ON)\n"
        "target_link_libraries(plain PRIVATE core)\n"
        "install(TARGETS plain core LIBRARY DESTINATION plain ARCHIVE DESTINATION plain)\n"
    ),
}


def test_cpp_between_two_files_of_a_wheel_is_refused(zig_build, project_of, dist):
    """Each would have its own streams and locales; a static library is the way out."""
    project = project_of(LIBRARY)
    shared = {"CMAKE_ARGS": "-DBUILD_SHARED_LIBS=ON"}
    answer = zig_build(project, env=shared, check=False)
    assert answer.exit_code == 1
    assert "libplain.so uses C++ symbols of " in answer.output
    assert "libcore.so (_Z7name_ofi)" in answer.output
    assert "BUILD_SHARED_LIBS=OFF" in answer.output
    assert 'stdlib = "libstdc++"' in answer.output
    assert not dist()
    answer = zig_build(project)
    assert GNU in answer.value


def test_plain_c_between_two_files_is_fine(zig_build, project_of):
    """Whatever they are written in; `operator delete` may be taken from the other."""
    files = {
        **LIBRARY,
        "core.hpp": 'extern "C" void say_number(int n);\n',
        "core.cpp": (
            '#include "core.hpp"\n#include <iostream>\n#include <string>\n'
            "void say_number(int n) { std::cout << std::to_string(n); }\n"
        ),
        "plain.cpp": (
            '#include "core.hpp"\n#include <iostream>\n#include <string>\n'
            'extern "C" void say(int n) { std::cout << std::to_string(n); say_number(n); }\n'
        ),
    }
    answer = zig_build(project_of(files), env={"CMAKE_ARGS": "-DBUILD_SHARED_LIBS=ON"})
    assert GNU in answer.value


def test_cpp_between_two_files_with_gnus_library(zig_build, dist, tmp_path, engine_python):
    """The host's own, so for the host's glibc; an older libstdc++ reaches an older glibc."""
    project = PROJECTS / "cpp-library"
    answer = zig_build(project, check=False)
    assert "uses C++ symbols of libcore.so" in answer.output
    libc = "_".join(platform.libc_ver()[1].split(".")[:2])
    ours = {"stdlib": "libstdc++", "sysroot": "/", "target": f"manylinux_{libc}_x86_64"}
    zig_build(project, **ours)
    (wheel,) = dist()
    assert f"manylinux_{libc}_x86_64" in platforms(wheel)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = run(engine_python, "-c", "import ext; print(ext.ask())", env=environ)
    assert done.stdout == "core 1.5\nfrom core\n"


def test_gnus_library_may_want_a_newer_glibc(zig_build, dist):
    """zig's headers and stubs of 2.17 do not have what a newer libstdc++ takes from glibc."""
    settings = {"stdlib": "libstdc++", "sysroot": "/", "target": GNU}
    answer = zig_build(PROJECTS / "cpp-library", check=False, **settings)
    assert answer.exit_code != 0
    assert re.search(r"glibc 2\.\d+\"|which no library .* has", answer.output)
    assert not dist()


def test_a_cross_compiler_of_ones_own(zig_wheel, zig_environ, hook, tmp_path):
    """Any compiler for the target: here zig's launchers, which CMake finds in CC and CXX."""
    assert zig_wheel(EXAMPLES / "newton-abi3", ARM)
    launchers = Path(zig_environ["FELLOE_CACHE_DIR"]).glob("v1/toolchains/*/zig-cc")
    (compiler, *_) = [path for path in launchers if "aarch64-linux-gnu.2.17" in path.read_text()]
    environ = {"CC": str(compiler), "FELLOE_TARGET": ARM, "FELLOE_CACHE_DIR": str(tmp_path)}
    answer = hook(PROJECTS / "plain", "build_wheel", tmp_path / "dist", env=environ)
    assert ARM in answer.value
    ((name, elf),) = read_modules(tmp_path / "dist" / answer.value)
    assert elf.architecture == "aarch64"
    assert name == f"plain.cpython-3{sys.version_info[1]}-aarch64-linux-gnu.so"
