"""Wheels for other systems than this one, made here by zig, and used where they can be."""

from __future__ import annotations

import io
import json
import os
import platform
import re
import shutil
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest
from support.example_checks import REFERENCE, assert_auditwheel_agrees, assert_felloe_agrees
from support.interpreters import EACH_VERSION, find_python
from support.paths import EXAMPLES, PROJECTS
from support.process import run

from felloe.binary.elf.reader import parse_elf
from felloe.build.toolchain.zig import REQUIREMENT

pytestmark = pytest.mark.network

GNU = "manylinux_2_17_x86_64"
ARM = "manylinux_2_17_aarch64"
MUSL = "musllinux_1_2_x86_64"


def read_modules(wheel):
    """(name, facts) of the wheel's shared objects."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".so")]
        return [(name, parse_elf(archive.read(name))) for name in names]


def platforms(wheel):
    return wheel.stem.rpartition("-")[2].split(".")


def test_an_isolated_build_fetches_zig_and_needs_it_once(stored_zig, tmp_path, hook, zig_environ):
    assert GNU in platforms(stored_zig)
    project = PROJECTS / "frontend_tiny"
    ask = "get_requires_for_build_wheel"
    assert REQUIREMENT not in hook(project, ask, env=zig_environ).value
    empty = {**zig_environ, "FELLOE_CACHE_DIR": str(tmp_path)}
    assert REQUIREMENT in hook(project, ask, env=empty).value
    assert REQUIREMENT not in hook(project, ask, env={"FELLOE_CACHE_DIR": str(tmp_path)}).value
    # What is for this machine and what is not compiled need none.
    for other in ("editable", "sdist"):
        assert REQUIREMENT not in hook(project, f"get_requires_for_build_{other}", env=empty).value


def test_a_pybind11_wheel_for_glibc_2_17(zig_wheel, audit_json, make_venv, example_wheel, tmp_path):
    wheel = zig_wheel(EXAMPLES / "newton-basins", GNU)
    tag = f"cp3{sys.version_info[1]}"
    assert wheel.name.startswith(f"newton_basins-1.0.0-{tag}-{tag}-")
    assert GNU in platforms(wheel)
    assert_auditwheel_agrees(wheel)
    assert_felloe_agrees(wheel, audit_json)
    venv = make_venv(tmp_path / "venv", sys.executable, wheel)
    run(venv, "-c", REFERENCE, "newton_basins", cwd=tmp_path)
    host = make_venv(
        tmp_path / "host", sys.executable, example_wheel("newton-basins", sys.executable)
    )
    draw = (
        "import hashlib, newton_basins as n; picture = n.compute(300, 200, [1, 0, 0, -1],"
        "-2.0, 2.0, -1.5, 1.5, 60, 1e-6); print(hashlib.sha256(picture.tobytes()).hexdigest())"
    )
    assert run(venv, "-c", draw).stdout == run(host, "-c", draw).stdout


def test_one_abi3_wheel_for_glibc_2_17(zig_wheel, audit_json):
    wheel = zig_wheel(EXAMPLES / "newton-abi3", GNU)
    assert wheel.name.startswith("newton_abi3-1.0.0-cp39-abi3-")
    assert GNU in platforms(wheel)
    assert_auditwheel_agrees(wheel)
    assert_felloe_agrees(wheel, audit_json)


@pytest.mark.parametrize("version", EACH_VERSION)
def test_it_computes_on(version, zig_wheel, make_venv, tmp_path):
    wheel = zig_wheel(EXAMPLES / "newton-abi3", GNU)
    venv = make_venv(tmp_path / "venv", find_python(version), wheel)
    run(venv, "-c", REFERENCE, "newton_abi3", cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("version", EACH_VERSION)
def test_a_pybind11_wheel_of_every_python(version, zig_environ, environ, make_venv, tmp_path):
    python = find_python(version)
    command = (python, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path)
    run(*command, EXAMPLES / "newton-basins", env={**environ, **zig_environ}, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert GNU in platforms(wheel)
    venv = make_venv(tmp_path / "venv", python, wheel)
    run(venv, "-c", REFERENCE, "newton_basins", cwd=tmp_path)


def test_the_suffix_that_cmake_gives_is_the_targets(zig_build, dist):
    """With the CMake that is there; before 4.1 it does not ask Python in a cross build."""
    zig_build(PROJECTS / "plain", target=ARM)
    (wheel,) = dist()
    ((name, _),) = read_modules(wheel)
    assert name == f"plain.cpython-3{sys.version_info[1]}-aarch64-linux-gnu.so"


@pytest.mark.parametrize(
    "example", [pytest.param("newton-basins", marks=pytest.mark.slow), "newton-abi3"]
)
def test_a_wheel_for_another_machine(example, zig_wheel, audit_json):
    wheel = zig_wheel(EXAMPLES / example, ARM)
    assert ARM in platforms(wheel)
    assert_auditwheel_agrees(wheel)
    assert_felloe_agrees(wheel, audit_json)
    ((name, elf),) = read_modules(wheel)
    assert elf.architecture == "aarch64"
    suffix = rf"\.cpython-3{sys.version_info[1]}-aarch64-linux-gnu\.so"
    assert re.search(r"\.abi3\.so$" if example == "newton-abi3" else suffix + "$", name)
    assert not any("python" in library for library in elf.needed)


@pytest.mark.slow
def test_a_wheel_for_another_c_library(zig_wheel, audit_json):
    wheel = zig_wheel(EXAMPLES / "newton-basins", MUSL)
    assert platforms(wheel) == [MUSL]
    shown = run("auditwheel", "show", "--json", wheel).stdout
    # It warns first that this machine has no musl to ask for its version.
    assert json.loads(shown[shown.index("{") :])["overall_tag"] == MUSL
    assert_felloe_agrees(wheel, audit_json)
    ((name, elf),) = read_modules(wheel)
    assert elf.needed == ("libc.musl-x86_64.so.1",)
    minor = sys.version_info[1]
    libc = "musl" if minor >= 11 else "gnu"
    assert name.endswith(f".cpython-3{minor}-x86_64-linux-{libc}.so")


def test_a_newer_policy_gets_the_older_tag_too(zig_wheel):
    """What was asked for and what is proved: the code needs no newer glibc."""
    wheel = zig_wheel(PROJECTS / "frontend_tiny", "manylinux_2_28_x86_64")
    assert {"manylinux_2_5_x86_64", "manylinux_2_28_x86_64"} <= set(platforms(wheel))


def test_a_wheel_for_macos(zig_build, dist):
    """Nothing here runs it: its files say what they need, and the tag follows."""
    answer = zig_build(PROJECTS / "plain", target="macosx_11_0_arm64")
    assert "macosx_11_0_arm64 is experimental" in answer.output
    tag = f"cp3{sys.version_info[1]}"
    assert answer.value == f"plain-1.0-{tag}-{tag}-macosx_11_0_arm64.whl"
    (wheel,) = dist()
    with zipfile.ZipFile(wheel) as archive:
        assert f"plain.cpython-3{sys.version_info[1]}-darwin.so" in archive.namelist()


WINDOWS_HEADERS = (
    "https://deb.debian.org/debian/pool/main/p/python3.13/python3.13_3.13.5.orig.tar.xz"
)


@pytest.fixture(scope="session")
def windows_root(once):
    """A directory with the headers of Python 3.13 for Windows, from CPython's sources."""

    def make(place):
        with urllib.request.urlopen(WINDOWS_HEADERS) as answer:
            data = io.BytesIO(answer.read())
        with tarfile.open(fileobj=data) as archive:
            for member in archive:
                path = Path(*Path(member.name).parts[1:])
                if path.parts[:1] == ("Include",):
                    target = place / "include" / path.relative_to("Include")
                elif str(path) == "PC/pyconfig.h.in":
                    target = place / "include" / "pyconfig.h"
                else:
                    continue
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())

    return once("windows-headers", make)


@pytest.fixture
def windows_environ(windows_root, zig_environ, environ):
    settings = {"FELLOE_TARGET": "win_amd64", "FELLOE_SYSROOT": str(windows_root)}
    return {**environ, **zig_environ, **settings}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "tag", "library"),
    [("newton-abi3", "cp39-abi3", b"python3.dll"), ("newton-basins", "cp313", b"python313.dll")],
)
def test_a_wheel_for_windows(example, tag, library, windows_environ, tmp_path):
    command = (find_python("3.13"), "-m", "pip", "wheel", "--no-deps", "-w", tmp_path)
    run(*command, EXAMPLES / example, env=windows_environ, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert tag in wheel.name
    assert wheel.name.endswith("-win_amd64.whl")
    with zipfile.ZipFile(wheel) as archive:
        (module,) = [name for name in archive.namelist() if name.endswith(".pyd")]
        assert library in archive.read(module)


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


@pytest.fixture
def project_of(tmp_path):
    """A project of some files."""

    def make(files):
        place = tmp_path / "project"
        place.mkdir()
        shutil.copy(PROJECTS / "frontend_tiny" / "pyproject.toml", place)
        for name, text in files.items():
            (place / name).write_text(text)
        return place

    return make


@pytest.fixture
def zig_build(stored_zig, hook, zig_environ, tmp_path):
    """Have a project's wheel built without isolation: what the hook said and did."""
    assert stored_zig

    def build(project, *, env=None, check=True, **settings):
        config = {f"felloe.{key}": value for key, value in settings.items()}
        environ = {**zig_environ, **(env or {})}
        return hook(project, "build_wheel", tmp_path / "dist", config, env=environ, check=check)

    return build


@pytest.fixture
def dist(tmp_path):
    """The wheels in the directory that builds write to."""
    return lambda: list((tmp_path / "dist").glob("*"))


def test_cpp_between_two_files_of_a_wheel_is_refused(zig_build, project_of, dist):
    """Each would have its own streams and locales; a static library is the way out."""
    project = project_of(LIBRARY)
    shared = {"CMAKE_ARGS": "-DBUILD_SHARED_LIBS=ON"}
    answer = zig_build(project, env=shared, check=False)
    assert answer.exit_code == 1
    assert "libplain.so takes C++ from " in answer.output
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
    assert "takes C++ from libcore.so" in answer.output
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


def library_of(code, *needed):
    """A CMakeLists.txt that compiles a library of this C."""
    return lists_of(
        f'file(WRITE "${{CMAKE_BINARY_DIR}}/a.c" "{code}")',
        'add_library(a SHARED "${CMAKE_BINARY_DIR}/a.c")',
        f"target_link_libraries(a PRIVATE {' '.join(needed)})",
        "install(TARGETS a LIBRARY DESTINATION a)",
    )


def lists_of(*lines):
    text = "cmake_minimum_required(VERSION 3.15...4.0)\nproject(p LANGUAGES C)\n"
    return {"CMakeLists.txt": text + "\n".join(lines) + "\n"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("find_package(OpenMP REQUIRED)",), ("zig brings no OpenMP runtime", "std::thread")),
        (("enable_language(Fortran)",), ("zig has no Fortran compiler",)),
        (("enable_language(CUDA)",), ("zig cannot compile CUDA",)),
        (
            (
                'file(WRITE a.c "int f(void){return 1;}")',
                "add_library(a SHARED a.c)",
                "target_compile_options(a PRIVATE -march=native)",
            ),
            ("felloe: error: -march=native: a wheel is for every machine of its tag",),
        ),
    ],
)
def test_what_zig_cannot_do_is_refused_by_name(lines, words, zig_build, project_of):
    answer = zig_build(project_of(lists_of(*lines)), check=False)
    assert answer.exit_code != 0
    said = " ".join(answer.output.split())
    assert all(word in said for word in words)
    assert "Traceback" not in answer.output


def test_openmp_that_is_optional_is_done_without(zig_build, project_of):
    lines = (
        "find_package(OpenMP)",
        "include(CheckLanguage)",
        "check_language(Fortran)",
        'message(STATUS "OpenMP ${OpenMP_FOUND} Fortran ${CMAKE_Fortran_COMPILER}")',
    )
    project = project_of(library_of("int f(void) {return 1;}"))
    with (project / "CMakeLists.txt").open("a") as file:
        file.write("\n".join(lines))
    answer = zig_build(project)
    assert GNU in answer.value
    assert "OpenMP FALSE Fortran NOTFOUND" in answer.output


def test_checks_of_cmake_cost_no_second_libcxx(zig_build, project_of):
    """zig compiles libc++ for each of -g, -flto and neither: what CMake tries has to be neither."""
    lines = (
        "enable_language(CXX)",
        "include(CheckCXXSourceCompiles)",
        'check_cxx_source_compiles("#ifndef NDEBUG\n#error -g\n#endif\nint main() {}" PLAIN)',
        "include(CheckIPOSupported)",
        "check_ipo_supported(RESULT ipo OUTPUT why)",
        'message(FATAL_ERROR "plain <${PLAIN}> ipo <${ipo}> ${why}")',
    )
    answer = zig_build(project_of(lists_of(*lines)), check=False)
    assert "plain <1> ipo <NO> felloe: left out with zig" in answer.output


def test_cpp20_needs_no_scanner_of_modules(zig_wheel, project_of):
    """CMake 3.28 and later want clang-scan-deps for it unless they are told otherwise."""
    lines = (
        "cmake_minimum_required(VERSION 3.28...4.0)",
        "project(p LANGUAGES CXX)",
        "set(CMAKE_CXX_STANDARD 20)",
        "add_library(a SHARED a.cpp)",
        "install(TARGETS a LIBRARY DESTINATION a)",
    )
    files = {
        "CMakeLists.txt": "\n".join(lines),
        "a.cpp": "#include <concepts>\nint a() {return 1;}",
    }
    assert GNU in platforms(zig_wheel(project_of(files), GNU, **{"cmake.define.CASE": "cpp20"}))


HOST_LIBRARIES = lists_of(
    "find_package(PkgConfig REQUIRED)",
    "pkg_check_modules(PNG libpng)",
    "find_library(Z z)",
    'message(FATAL_ERROR "found <${PNG_LINK_LIBRARIES}> ${Z}")',
)
PNG = (
    "prefix=/opt/png\nlibdir=${prefix}/lib\nName: png\nDescription: x\nVersion: 9\n"
    "Libs: -L${libdir}\n"
)


@pytest.mark.parametrize("target", [GNU, ARM])
def test_this_machines_libraries_are_not_found(target, zig_build, project_of):
    """pkg-config knows libpng here, and would hand over this machine's."""
    assert run("pkg-config", "--exists", "libpng")
    answer = zig_build(project_of(HOST_LIBRARIES), check=False, target=target)
    assert "found <> Z-NOTFOUND" in answer.output


def test_libraries_of_the_users_own_directory_are_found(zig_build, project_of, tmp_path):
    """What pkg-config is told by name stays."""
    (tmp_path / "libpng.pc").write_text(PNG)
    lines = ("find_package(PkgConfig)", "pkg_check_modules(PNG libpng)")
    shown = 'message(FATAL_ERROR "found ${PNG_VERSION} in ${PNG_LIBDIR}")'
    environ = {"PKG_CONFIG_PATH": str(tmp_path)}
    answer = zig_build(project_of(lists_of(*lines, shown)), check=False, target=ARM, env=environ)
    assert "found 9 in /opt/png/lib" in answer.output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"FELLOE_TARGET": "manylinux_2_17_x8664"}, ("nearest known one is", GNU)),
        ({"FELLOE_TARGET": "manylinux_2_5_x86_64"}, ("out of zig's reach", GNU)),
        ({"FELLOE_TARGET": "musllinux_1_1_x86_64"}, ("musllinux_1_2",)),
        ({"FELLOE_TARGET": "manylinux_2_17_i686"}, ("are for 64 bits", "`sysroot`")),
        ({"FELLOE_SYSROOT": "/nowhere", "FELLOE_TARGET": ARM}, ("/nowhere is no directory",)),
        ({"CMAKE_TOOLCHAIN_FILE": "/x.cmake"}, ("CMAKE_TOOLCHAIN_FILE both choose",)),
        ({"CMAKE_ARGS": "-DCMAKE_C_COMPILER=gcc"}, ("CMAKE_C_COMPILER=gcc) both choose",)),
    ],
)
def test_a_wrong_setting_is_one_message(variables, words, zig_build, dist):
    answer = zig_build(PROJECTS / "frontend_tiny", env=variables, check=False)
    assert answer.exit_code == 1
    assert all(word in answer.output for word in words)
    assert answer.output.count("felloe: error: ") == 1
    assert "felloe: hint: " in answer.output
    assert "Traceback" not in answer.output
    assert not dist()


def test_a_cache_that_cannot_be_written(zig_build, zig_environ, tmp_path):
    stored = Path(zig_environ["FELLOE_CACHE_DIR"], "v1", "zig")
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "zig").symlink_to(stored)
    (tmp_path / "v1" / "toolchains").write_text("no directory")
    environ = {"FELLOE_CACHE_DIR": str(tmp_path)}
    answer = zig_build(PROJECTS / "frontend_tiny", env=environ, check=False)
    assert answer.exit_code == 1
    assert "cannot be made in felloe's cache: " in answer.output
    assert "`cache-dir` (FELLOE_CACHE_DIR)" in answer.output
    assert answer.output.count("felloe: ") == 2


def test_a_musl_wheel_that_needs_a_library_of_this_machine(zig_build, project_of, dist):
    """It is for glibc, and a musl process cannot load it."""
    (library,) = re.findall(r"/\S*/libpng16\.so\.16", run("/sbin/ldconfig", "-p").stdout)[:1]
    code = "int png_access_version_number(void); int f(void) {return png_access_version_number();}"
    answer = zig_build(project_of(library_of(code, library)), check=False, target=MUSL)
    assert answer.exit_code == 1
    assert f"target wants {MUSL}" in answer.output
    assert "another C library than the rest (glibc)" in answer.output
    assert "build all of the wheel with one C library" in answer.output
    assert not dist()


def test_a_newer_musl_than_promised_is_seen(zig_build, project_of):
    """zig links musl 1.2.5; `statx` is not in 1.2.3, and no symbol version says so."""
    code = "int statx(void); int f(void) {return statx();}"
    answer = zig_build(project_of(library_of(code)), check=False, target=MUSL)
    assert answer.exit_code == 1
    assert "needs statx of musl 1.2.5: allowed by no policy" in answer.output


@pytest.mark.parametrize("target", [GNU, MUSL])
def test_what_the_targets_c_library_lacks_is_seen(target, zig_build, project_of, dist):
    """`strlcpy` is in glibc from 2.38 on; `backtrace` is in no musl. Linkers let them pass."""
    name = "strlcpy" if target == GNU else "backtrace"
    code = f"int {name}(void); int f(void) {{return {name}();}}"
    answer = zig_build(project_of(library_of(code)), check=False, target=target)
    assert answer.exit_code == 1
    assert f"a/liba.so needs {name}, which no library that it names has" in answer.output
    assert f"nor the C library of {target}" in answer.output
    assert not dist()


def test_the_hosts_glibc_is_too_new_for_the_target(hook, builder, tmp_path):
    """Without zig: the best true tag, and zig as the way out."""
    environ = {"FELLOE_TARGET": GNU}
    project = EXAMPLES / "newton-basins"
    answer = hook(project, "build_wheel", tmp_path, python=builder, env=environ)
    assert f"target wants {GNU}" in answer.output
    assert '`toolchain = "zig"`' in answer.output
    assert GNU not in answer.value


def test_the_hosts_compiler_is_for_another_machine(hook, tmp_path):
    """A wheel for elsewhere that is not for there is of no use here either."""
    project, environ = PROJECTS / "frontend_tiny", {"FELLOE_TARGET": ARM}
    answer = hook(project, "build_wheel", tmp_path, env=environ, check=False)
    assert answer.exit_code == 1
    assert "the wheel's tag says aarch64" in answer.output
    assert not list(tmp_path.glob("*.whl"))
