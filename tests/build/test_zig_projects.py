"""Projects and settings that zig can or cannot build."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.paths import EXAMPLES, PROJECTS
from support.process import run
from support.zig_builds import platforms

pytestmark = pytest.mark.network


GNU = "manylinux_2_17_x86_64"
ARM = "manylinux_2_17_aarch64"
MUSL = "musllinux_1_2_x86_64"


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
        (("find_package(OpenMP REQUIRED)",), ("zig has no OpenMP runtime", "std::thread")),
        (("enable_language(Fortran)",), ("zig has no Fortran compiler",)),
        (("enable_language(CUDA)",), ("zig cannot compile CUDA",)),
        (
            (
                'file(WRITE a.c "int f(void){return 1;}")',
                "add_library(a SHARED a.c)",
                "target_compile_options(a PRIVATE -march=native)",
            ),
            ("felloe: error: -march=native: a wheel must run on every machine of its tag",),
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
    assert "plain <1> ipo <NO> felloe: not available with zig" in answer.output


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
        ({"FELLOE_TARGET": "manylinux_2_17_x8664"}, ("the nearest one that it knows", GNU)),
        ({"FELLOE_TARGET": "manylinux_2_5_x86_64"}, ("zig does not support manylinux_2_5", GNU)),
        ({"FELLOE_TARGET": "musllinux_1_1_x86_64"}, ("musllinux_1_2",)),
        ({"FELLOE_TARGET": "manylinux_2_17_i686"}, ("are for 64 bits", "`sysroot`")),
        ({"FELLOE_SYSROOT": "/nowhere", "FELLOE_TARGET": ARM}, ("/nowhere is not a directory",)),
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
    assert f"a/liba.so needs {name}, which neither the libraries that it links" in answer.output
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
