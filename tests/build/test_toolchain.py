"""What is decided about targets and toolchains, without compilers."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from felloe.build.toolchain.launcher import Compiler, Zig, render_compiler, render_run_target
from felloe.build.toolchain.libstdcxx import find_libstdcxx
from felloe.build.toolchain.plan import Request, plan_defines, plan_host, plan_zig
from felloe.build.toolchain.python import plan_environ, render_variables
from felloe.build.toolchain.store import find_stored, make_once, open_zig
from felloe.build.toolchain.triple import describe_support, find_triple
from felloe.build.toolchain.windows import ImportLibrary, find_names, make_stable_library
from felloe.errors import FelloeError
from felloe.python.foreign import find_triplet, make_target
from felloe.python.header import Headers
from felloe.python.installed import find_headers, find_installed
from felloe.python.platform import parse_platform
from felloe.python.target import Target

HERE = Target(
    implementation="cpython",
    version=(3, 11),
    abi_flags="",
    soabi="cpython-311-x86_64-linux-gnu",
    extension_suffixes=(".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so"),
    platform="linux_x86_64",
    libc="glibc",
)


@pytest.mark.parametrize(
    ("tag", "triple"),
    [
        ("manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17"),
        ("manylinux2014_x86_64", "x86_64-linux-gnu.2.17"),
        ("manylinux_2_28_aarch64", "aarch64-linux-gnu.2.28"),
        ("manylinux_2_17_armv7l", "arm-linux-gnueabihf.2.17"),
        ("manylinux_2_31_riscv64", "riscv64-linux-gnu.2.31"),
        ("musllinux_1_2_x86_64", "x86_64-linux-musl"),
        ("musllinux_1_2_armv7l", "arm-linux-musleabihf"),
        ("macosx_11_0_arm64", "aarch64-macos.11.0-none"),
        ("macosx_10_13_x86_64", "x86_64-macos.10.13-none"),
        ("win_amd64", "x86_64-windows-gnu"),
    ],
)
def test_a_platform_tag_is_a_triple(tag, triple):
    assert find_triple(parse_platform(tag, "target")).name == triple


@pytest.mark.parametrize(
    ("tag", "near"),
    [
        ("manylinux_2_17_x8664", "manylinux_2_17_x86_64"),
        ("manylinux_2_28_arm64", "manylinux_2_28_aarch64"),
        ("musllinux_1_2_x64", "musllinux_1_2_x86_64"),
        ("macos_11_0_arm64", "macosx_11_0_arm64"),
        ("win_amd46", "win_amd64"),
    ],
)
def test_an_unknown_platform_is_refused_with_a_near_one(tag, near):
    with pytest.raises(FelloeError, match="not a platform that can be built for") as raised:
        parse_platform(tag, "FELLOE_TARGET")
    assert raised.value.message.startswith(f"FELLOE_TARGET: {tag!r}")
    assert raised.value.message.endswith(f"is {near!r}")
    assert raised.value.hint


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("manylinux_2_12_x86_64", "glibc 2.17 to 2.44"),
        ("manylinux_2_17_riscv64", "glibc 2.31 to 2.44"),
        ("manylinux_2_99_x86_64", "glibc 2.17 to 2.44"),
        ("musllinux_1_1_x86_64", "zig's musl is for musllinux_1_2"),
    ],
)
def test_what_zig_does_not_reach_is_refused(tag, message):
    with pytest.raises(FelloeError, match=message):
        find_triple(parse_platform(tag, "target"))


def test_what_is_not_tested_is_experimental():
    for tag in ("manylinux_2_17_x86_64", "manylinux_2_28_aarch64", "musllinux_1_2_x86_64"):
        assert not describe_support(parse_platform(tag, "target"))
    for tag in ("manylinux_2_17_s390x", "win_amd64", "macosx_11_0_arm64"):
        assert "experimental" in describe_support(parse_platform(tag, "target"))


@pytest.mark.parametrize(
    ("tag", "version", "suffixes"),
    [
        (
            "manylinux_2_17_aarch64",
            (3, 11),
            (".cpython-311-aarch64-linux-gnu.so", ".abi3.so", ".so"),
        ),
        (
            "manylinux_2_17_aarch64",
            (3, 15),
            (".cpython-315-aarch64-linux-gnu.so", ".abi3t.so", ".abi3.so", ".so"),
        ),
        ("musllinux_1_2_x86_64", (3, 10), (".cpython-310-x86_64-linux-gnu.so", ".abi3.so", ".so")),
        ("musllinux_1_2_x86_64", (3, 12), (".cpython-312-x86_64-linux-musl.so", ".abi3.so", ".so")),
        ("manylinux_2_17_i686", (3, 12), (".cpython-312-i386-linux-gnu.so", ".abi3.so", ".so")),
        ("win_amd64", (3, 13), (".cp313-win_amd64.pyd", ".pyd")),
        ("macosx_11_0_arm64", (3, 13), (".cpython-313-darwin.so", ".abi3.so", ".so")),
    ],
)
def test_what_a_python_elsewhere_calls_its_modules(tag, version, suffixes):
    """As in the public wheels for these platforms."""
    running = replace(HERE, version=version)
    target = make_target(running, parse_platform(tag, "target"))
    assert target.extension_suffixes == suffixes
    assert target.soabi in suffixes[0]


def test_free_threaded_pythons_load_no_abi3():
    running = replace(HERE, version=(3, 14), abi_flags="t")
    target = make_target(running, parse_platform("manylinux_2_17_aarch64", "target"))
    assert target.extension_suffixes == (".cpython-314t-aarch64-linux-gnu.so", ".so")


def test_the_running_platform_is_taken_as_it_is():
    assert make_target(HERE, parse_platform("manylinux_2_17_x86_64", "target")) is HERE


def test_nobody_here_knows_what_pypy_calls_its_modules_elsewhere():
    running = replace(HERE, implementation="pypy", soabi="pypy311-pp73-x86_64-linux-gnu")
    with pytest.raises(FelloeError, match="what pypy calls its modules"):
        make_target(running, parse_platform("manylinux_2_17_aarch64", "target"))


AARCH64 = parse_platform("manylinux_2_17_aarch64", "target")
TRIPLET = find_triplet((3, 11), AARCH64)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_build_details_say_what_modules_are_called(tmp_path):
    """PEP 739, whose file the interpreter of a system root brings from 3.14 on."""
    details = {"abi": {"extension_suffix": ".cpython-314-aarch64-linux-gnu.so"}}
    write(tmp_path / "usr/lib/python3.14/build-details.json", json.dumps(details))
    write(tmp_path / "usr/include/python3.14/Python.h", "")
    found = find_installed(tmp_path, (3, 14), TRIPLET)
    assert found is not None
    assert found.soabi == "cpython-314-aarch64-linux-gnu"
    headers = find_headers(tmp_path, (3, 14), TRIPLET)
    assert headers == Headers(tmp_path / "usr/include/python3.14", None)
    target = make_target(replace(HERE, version=(3, 14)), AARCH64, found)
    assert target.extension_suffixes[0] == ".cpython-314-aarch64-linux-gnu.so"


def test_build_variables_say_it_where_there_are_no_details(tmp_path):
    place = tmp_path / "lib/python3.11"
    for triplet in ("aarch64-linux-gnu", "arm-linux-gnueabihf"):
        text = f"build_time_vars = {{'EXT_SUFFIX': '.cpython-311-{triplet}.so'}}"
        write(place / f"_sysconfigdata__{triplet}.py", f'"""Made by CPython."""\n{text}\n')
    found = find_installed(tmp_path, (3, 11), TRIPLET)
    assert found is not None
    assert found.soabi == "cpython-311-aarch64-linux-gnu"
    assert find_headers(tmp_path, (3, 11), TRIPLET) is None


def test_a_root_without_that_python_says_nothing(tmp_path):
    assert find_installed(tmp_path, (3, 11), TRIPLET) is None


@pytest.mark.parametrize("text", ["{}", "[]", "not json"])
def test_details_that_say_nothing_are_refused(tmp_path, text):
    write(tmp_path / "lib/python3.14/build-details.json", text)
    with pytest.raises(FelloeError, match="does not say what the modules"):
        find_installed(tmp_path, (3, 14), TRIPLET)


@pytest.fixture
def compile_words(tmp_path):
    """What reaches zig of a command for its C compiler: a program that prints its words."""

    def compile_words(command, triple="x86_64-linux-gnu.2.17", system="linux"):
        fake = tmp_path / "with space" / "zig"
        fake.parent.mkdir(exist_ok=True)
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        fake.chmod(0o755)
        zig = Zig("0.17.0", fake, tmp_path / "lib", tmp_path / "cache")
        launcher = tmp_path / "zig-cc"
        launcher.write_text(render_compiler(zig, Compiler("cc", triple, system, ("-word",))))
        launcher.chmod(0o755)
        done = subprocess.run(
            [str(launcher), *shlex.split(command)],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
        if done.returncode:
            return done.stderr
        words = done.stdout.splitlines()
        head = ["cc", "-target", triple, "-word"]
        assert words[:4] == head
        assert words[-2:] == ["-isystem", f"{tmp_path}/include"]
        return shlex.join(words[4:-2])

    return compile_words


@pytest.mark.parametrize(
    ("command", "reaches"),
    [
        ("a.c", "-s a.c"),
        ("'a b.c' -DX='\"y z\"'", "-s 'a b.c' '-DX=\"y z\"'"),
        ("-g a.c", "-g a.c"),
        ("-g0 a.c", "-s -g0 a.c"),
        ("-mtune=native -flto=auto -fuse-ld=gold a.c", "-s a.c"),
        ("-target x86_64-linux-musl a.c", "-s a.c"),
        ("-march=x86-64-v3 a.c", "-s -march=x86_64_v3 a.c"),
        ("-march=skylake-avx512 a.c", "-s -march=skylake_avx512 a.c"),
        ("-march=haswell a.c", "-s -march=haswell a.c"),
        ("-Wp,-D_FORTIFY_SOURCE=2 -Wp,-MD,x a.c", "-s -D_FORTIFY_SOURCE=2 -Wp,-MD,x a.c"),
        ("-Wl,--exclude-libs,ALL a.o", "-s a.o"),
        ("-Wl,--gc-sections,--exclude-libs,ALL,-O1 a.o", "-s -Wl,--gc-sections,-O1 a.o"),
        ("-Wl,--exclude-libs=ALL,-z,text,-z,relro a.o", "-s -Wl,-z,relro a.o"),
        ("-Wl,-rpath,/x:/y -Wl,-soname,z.so", "-s -Wl,-rpath,/x:/y -Wl,-soname,z.so"),
        ("-Wl,-Map=x.map a.o -static-libgcc", "-s a.o"),
        ("-Wl,--version-script=a.map", "-s -Wl,--version-script=a.map"),
    ],
)
def test_what_zig_does_not_take_is_taken_out(compile_words, command, reaches):
    assert compile_words(command) == reaches


@pytest.mark.parametrize(
    ("command", "reaches"),
    [
        ("-march=armv8-a a.c", "-s -mcpu=generic a.c"),
        ("-march=armv8-a+crc+simd a.c", "-s -mcpu=generic+crc+neon a.c"),
        ("-march=armv8.2-a+fp16 a.c", "-s -mcpu=generic+v8_2a+fullfp16 a.c"),
        ("-march=armv9.1-a a.c", "-s -mcpu=generic+v9_1a a.c"),
        ("-fcf-protection=full a.c", "-s a.c"),
    ],
)
def test_processors_of_arm_are_spelled_in_zigs_way(compile_words, command, reaches):
    assert compile_words(command, "aarch64-linux-gnu.2.17") == reaches


def test_a_bundle_is_a_dynamic_library_for_zig(compile_words):
    assert compile_words("-bundle a.o", "aarch64-macos.11.0-none", "macos") == "-s -dynamiclib a.o"
    assert compile_words("-bundle a.o") == "-s -bundle a.o"


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("-fopenmp", ("OpenMP", "std::thread")),
        ("-fopenmp=libomp", ("OpenMP",)),
        ("-lgomp", ("OpenMP",)),
        ("-lgfortran", ("Fortran",)),
        ("-fsanitize=address,undefined", ("sanitizer",)),
        ("-march=native", ("every machine", "at run time")),
        ("-m32", ("`target`",)),
        ("-Wl,--gc-sections,--defsym=a=b", ("define them in C",)),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(compile_words, flag, words):
    said = compile_words(f"{flag} a.c")
    assert said.startswith("felloe: error: -")
    assert all(word in said for word in words)
    assert said.count("\n") == 1


def test_programs_of_this_machine_run_as_they_are(tmp_path):
    launcher = tmp_path / "run-target"
    launcher.write_text(render_run_target("b700", "aarch64", ""))
    launcher.chmod(0o755)
    done = subprocess.run(
        [launcher, "echo", "a b", "c"], check=True, capture_output=True, text=True
    )
    assert done.stdout == "a b c\n"


def test_programs_of_the_target_run_in_qemu(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes(14) + b"\xb7\x00" + bytes(44))
    program.chmod(0o755)
    qemu = tmp_path / "qemu-aarch64-static"
    qemu.write_text('#!/bin/sh\necho "qemu $@"\n')
    qemu.chmod(0o755)
    launcher = tmp_path / "run-target"
    launcher.write_text(render_run_target("b700", "aarch64", "/root of it"))
    launcher.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        [launcher, program, "word"], check=True, capture_output=True, text=True, env=environ
    )
    assert done.stdout == f"qemu -L /root of it {program} word\n"


ZIG = Zig("0.17.0", Path("/z/zig"), Path("/z/lib"), Path("/z/cache"))
DEBIAN = Headers(Path("/usr/include/python3.11"), Path("/usr/include/x/python3.11/pyconfig.h"))


def make_request(tag, headers=DEBIAN):
    platform = parse_platform(tag, "target")
    return Request(platform, HERE, make_target(HERE, platform), headers)


def plan(tag):
    request = make_request(tag)
    return plan_zig(request, ZIG, find_triple(request.platform))


def test_the_same_processor_is_no_cross_build():
    """CMake runs what it has built, and Python needs no help to be found."""
    files = plan("manylinux_2_17_x86_64").files
    assert "CMAKE_SYSTEM_NAME" not in files["toolchain.cmake"]
    assert not {"run-target", "python/_sysconfigdata_felloe.py"} & set(files)


@pytest.mark.parametrize("tag", ["manylinux_2_17_aarch64", "musllinux_1_2_x86_64"])
def test_anything_else_is_one(tag):
    files = plan(tag).files
    assert "set(CMAKE_SYSTEM_NAME Linux)" in files["toolchain.cmake"]
    assert "run-target" in files["toolchain.cmake"]
    assert {"run-target", "python/_sysconfigdata_felloe.py"} <= set(files)


def test_a_directory_is_named_after_what_it_holds():
    names = {plan(tag).name for tag in ("manylinux_2_17_x86_64", "manylinux_2_28_x86_64")}
    assert len(names) == 2
    assert plan("manylinux_2_17_x86_64").name in names


def test_debians_headers_are_found_without_its_directories():
    path = "include/aarch64-linux-gnu/python3.11/pyconfig.h"
    assert "/usr/include/x/python3.11" in plan("manylinux_2_17_aarch64").files[path]
    request = make_request("manylinux_2_17_aarch64", Headers(Path("/opt/include/python3.11"), None))
    assert path not in plan_zig(request, ZIG, find_triple(request.platform)).files


def test_compilers_of_ones_own_get_only_the_python():
    assert set(plan_host(make_request("manylinux_2_17_aarch64")).files) == {
        "modules/FindPython.cmake",
        "modules/FindPython3.cmake",
        "project.cmake",
        "python/_sysconfigdata_felloe.py",
        "run-target",
    }
    assert not plan_host(make_request("manylinux_2_17_x86_64")).files


def test_the_running_python_answers_for_the_other(tmp_path):
    """In a process: its sysconfig reads our module, and keeps what is not of the platform."""
    platform = parse_platform("manylinux_2_17_aarch64", "target")
    target = make_target(HERE, platform)
    write(tmp_path / "python/_sysconfigdata_felloe.py", render_variables(target, TRIPLET, ""))
    code = (
        "import sysconfig as s; v = s.get_config_vars();"
        "print(v['SOABI'], v['EXT_SUFFIX'], v['LDLIBRARY'] or None, s.get_platform(),"
        "      v['CC'] != '', s.get_path('include') != '')"
    )
    environ = {**os.environ, **plan_environ(tmp_path, target, {})}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )
    soabi = "cpython-311-aarch64-linux-gnu"
    assert done.stdout.split() == [soabi, f".{soabi}.so", "None", "linux-aarch64", "True", "True"]


def test_a_python_path_is_kept(tmp_path):
    target = make_target(HERE, AARCH64)
    environ = plan_environ(tmp_path, target, {"PYTHONPATH": "/a:/b"})
    assert environ["PYTHONPATH"] == f"{tmp_path}/python:/a:/b"


def test_the_newest_stored_zig_is_taken(tmp_path):
    assert find_stored(tmp_path) is None
    for version in ("0.17.0", "0.17.10", "0.17.9", "0.18.0", "0.17.x"):
        write(tmp_path / "zig" / version / "zig", "")
    assert find_stored(tmp_path) == "0.17.10"
    zig = open_zig(tmp_path, "0.17.10", "x86_64-linux-gnu.2.17")
    assert zig.library.parent == zig.program.parent == tmp_path / "zig" / "0.17.10"


def test_what_cannot_be_made_leaves_nothing(tmp_path):
    def fail(part):
        (part / "file").write_text("x")
        raise FelloeError("no")

    with pytest.raises(FelloeError, match="no"):
        make_once(tmp_path / "zig" / "1", fail)
    assert [path.name for path in (tmp_path / "zig").iterdir()] == [".1.lock"]


def test_a_cache_that_cannot_be_written_is_one_message():
    with pytest.raises(FelloeError, match="cannot be made in felloe's cache") as raised:
        make_once(Path("/proc/nowhere/zig"), lambda _: None)
    assert "`cache-dir`" in raised.value.hint


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
        (True, "aarch64-linux-gnu", r"holds no libstdc\+\+ for aarch64-linux-gnu"),
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
