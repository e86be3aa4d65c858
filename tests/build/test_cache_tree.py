"""What a build tree is still worth, and what tells one from another."""

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.environment_samples import install, origin_of

from felloe.build.cache.manifest import take_stamps
from felloe.build.tree.cleanup import forget_tests
from felloe.build.tree.header_search import Search
from felloe.build.tree.key import Facts, hash_surroundings, read_variables, select_variables
from felloe.build.tree.ninja import read_inputs
from felloe.build.tree.state import State, Worth, judge
from felloe.build.tree.tree import borrow_tree
from felloe.config.project import Project
from felloe.python.target import read_target

LATER = 3600 * 10**9


@pytest.fixture
def files(tmp_path):
    made = {}
    for name in ("compiler", "CMakeLists.txt", "source.c", "object.o"):
        made[name] = tmp_path / name
        made[name].write_text(name)
        os.utime(made[name], (1e9, 1e9))
    return made


@pytest.fixture
def state(files, tmp_path):
    return State(
        place=str(tmp_path),
        ended_well=True,
        finished=time.time_ns(),
        own=take_stamps(["object.o"], str(tmp_path)),
        tools=take_stamps([str(files["compiler"])]),
        configure=take_stamps([str(files["CMakeLists.txt"])]),
        build=take_stamps([str(files["source.c"])]),
        touched={},
        search=Search((), (), ()),
        variables=("BLAS",),
        surroundings=hash_surroundings({}, ("BLAS",)),
    )


def change(path, seconds):
    path.write_text("something else")
    os.utime(path, (seconds, seconds))


def test_an_untouched_tree(state):
    assert judge(state, {}) is Worth.ALL


@pytest.mark.parametrize("when", [9e8, 2e9, 4e9], ids=["older", "after", "future"])
@pytest.mark.parametrize(
    ("name", "worth"), [("compiler", Worth.NOTHING), ("CMakeLists.txt", Worth.OBJECTS)]
)
def test_tools_and_what_cmake_read(state, files, name, worth, when):
    change(files[name], when)
    assert judge(state, {}) is worth


def test_what_a_build_has_made_is_whole_or_nothing(state, files):
    files["object.o"].write_bytes(b"")
    os.utime(files["object.o"], (1e9, 1e9))
    assert judge(state, {}) is Worth.NOTHING


def test_a_source_that_is_newer_is_ninjas_business(state, files):
    change(files["source.c"], state.finished / 1e9 + 10)
    assert judge(state, {}) is Worth.ALL


@pytest.mark.parametrize("when", [9e8, 1.1e9], ids=["older", "newer, but not than the objects"])
def test_a_source_that_ninja_takes_for_old(state, files, when):
    change(files["source.c"], when)
    assert judge(state, {}) is Worth.NOTHING


def test_a_source_that_is_gone_is_ninjas_business(state, files):
    files["source.c"].unlink()
    assert judge(state, {}) is Worth.ALL


def test_a_variable_that_cmake_files_name(state):
    assert judge(state, {"BLAS": "mkl"}) is Worth.FILES
    assert judge(state, {"OTHER": "mkl"}) is Worth.ALL


def test_the_search_path(state, tmp_path):
    environ = {"PATH": str(tmp_path)}
    state = replace(state, surroundings=hash_surroundings(environ, state.variables))
    assert judge(state, environ) is Worth.ALL
    assert judge(state, {"PATH": "/usr/bin"}) is Worth.FILES
    (tmp_path / "new-program").touch()
    os.utime(tmp_path, (2e9, 2e9))
    assert judge(state, environ) is Worth.FILES


def test_a_build_that_failed(state):
    assert judge(replace(state, ended_well=False), {}) is Worth.FILES


def test_one_process_has_a_tree(tmp_path):
    first = borrow_tree(tmp_path, "demo-1", "/demo")
    assert borrow_tree(tmp_path, "demo-1", "/demo") is None
    assert borrow_tree(tmp_path, "demo-2", "/demo") is not None
    first.lock.release()
    assert borrow_tree(tmp_path, "demo-1", "/demo") is not None


def test_forgetting_what_cmake_found_keeps_objects(tmp_path):
    for name in ("CMakeCache.txt", "CMakeFiles/3.25.1/C.cmake", "CMakeFiles/demo.dir/x.c.o"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    forget_tests(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.c.o"]


# What tells trees apart.


@pytest.fixture
def facts(tmp_path):
    project = Project(
        tmp_path, {"tool": {"scikit-build": {"cmake": {"define": {"A": {"env": "ME"}}}}}}
    )
    origin = origin_of(install(tmp_path / "venv"))
    return Facts(project, read_target({}), origin, "", {"cmake.define.B": "1"}, {"PATH": "/bin"})


@pytest.mark.parametrize(
    "other",
    [
        {"config": {"cmake.define.B": "2"}},
        {"config": None},
        {"address": "1234"},
        {"environ": {"PATH": "/bin", "CXXFLAGS": "-O1"}},
        {"environ": {"PATH": "/bin", "ME": "1"}},
        {"environ": {"PATH": "/bin", "OpenBLAS_ROOT": "/opt"}},
        {"target": replace(read_target({}), platform="linux_aarch64")},
        {"project": Project(Path("/other"), {})},
        {"project": Project(Path("/other"), {"tool": {"scikit-build": {"ninja": {}}}})},
    ],
    ids=str,
)
def test_a_key_holds_all_that_steers(facts, other):
    assert replace(facts, **other).key != facts.key


def test_a_key_holds_nothing_else(facts):
    environ = {"PATH": "/bin", "TERM": "x", "HOME": "/", "UV_INTERNAL__BUILD_DIR": "/", "LANG": "C"}
    assert replace(facts, environ=environ).key == facts.key


@pytest.mark.parametrize(
    "flags",
    ["", "-j", " -j8 --jobserver-auth=fifo:/tmp/GMfifo1", "ks -j8 --jobserver-auth=3,4 -O"],
)
def test_a_key_does_not_hold_how_make_shares_out_its_jobs(facts, flags):
    environ = {"PATH": "/bin", "MAKEFLAGS": flags, "MFLAGS": flags.rpartition("--")[0]}
    assert replace(facts, environ=environ).key == facts.key
    debug = {**environ, "MAKEFLAGS": f"{flags} -- DEBUG=1"}
    assert replace(facts, environ=debug).key != facts.key
    assert select_variables(debug, set()) == {"MAKEFLAGS": "DEBUG=1"}


def test_a_key_holds_what_is_installed_without_isolation(facts, tmp_path):
    before = facts.key
    install(tmp_path / "venv", name="pybind11", version="3.0")
    after = facts.key
    assert before != after
    install(tmp_path / "venv", name="pybind11", version="3.0", files={"pybind11/x.h": b"new"})
    assert facts.key not in (before, after)


def test_a_key_holds_the_compilers(facts, tmp_path):
    path = tmp_path / "bin"
    path.mkdir()
    facts = replace(facts, environ={"PATH": str(path)})
    keys = {facts.key}
    for text in ("one", "another"):
        (path / "c++").write_text(text)
        keys.add(facts.key)
    assert len(keys) == 3


@pytest.mark.parametrize(
    "name",
    [
        "CC",
        "CXX",
        "CFLAGS",
        "LDFLAGS",
        "CPATH",
        "LIBRARY_PATH",
        "LD_LIBRARY_PATH",
        "PKG_CONFIG_PATH",
        "CMAKE_ARGS",
        "SKBUILD_CMAKE_DEFINE",
        "SDKROOT",
        "MACOSX_DEPLOYMENT_TARGET",
        "ARCHFLAGS",
        "Boost_DIR",
        "HDF5_ROOT",
        "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH",
        "ZIG_LIB_DIR",
        "AR",
        "CMAKE_CXX_COMPILER_LAUNCHER",
        "PKG_CONFIG",
        "MKLROOT",
        "CUDAARCHS",
        "JAVA_HOME",
        "PYTHONOPTIMIZE",
        "CCC_OVERRIDE_OPTIONS",
    ],
)
def test_variables_that_steer(name):
    assert select_variables({name: "x"}, set())


def test_variables_that_cmake_files_name(tmp_path):
    file = tmp_path / "CMakeLists.txt"
    file.write_text('if(DEFINED ENV{ONE})\nmessage("$ENV{TWO}" $ENV{ODD(x86)})\nset($ENV{${X}})')
    assert read_variables([str(file), str(tmp_path / "gone")]) == ["ODD(x86)", "ONE", "TWO"]


# What ninja knows.

GRAPH = """\
include rules.ninja
build out/a$ b.o | side: CC ../src/a$ b.c $
    /abs/x.h | /abs/implicit.h || order
  FLAGS = -g
build build.ninja: RERUN_CMAKE | /src/CMakeLists.txt /share/c$:d.cmake
build all: phony out/a$ b.o
"""
RULES = """\
rule CC
  command = printf '%s' 'out: /usr/include/stdio.h two$ words.h' > d && touch "out/a b.o"
  depfile = d
  deps = gcc
rule RERUN_CMAKE
  command = true
"""


@pytest.fixture
def graph(tmp_path):
    (tmp_path / "build.ninja").write_text(GRAPH)
    (tmp_path / "rules.ninja").write_text(RULES)
    return tmp_path


def test_the_graph_is_read(graph):
    inputs = read_inputs(graph)
    assert inputs.configure == {"/src/CMakeLists.txt", "/share/c:d.cmake"}
    assert inputs.build == {"../src/a b.c", "/abs/x.h", "/abs/implicit.h", "order"}
    assert not inputs.nested


def test_what_compilers_read_is_read(tmp_path):
    (tmp_path / "x.c").touch()
    (tmp_path / "h.h").touch()
    (tmp_path / "build.ninja").write_text(
        "rule CC\n  command = printf 'o: %s /etc/passwd' $in > d && touch o\n"
        "  depfile = d\n  deps = gcc\nbuild o: CC x.c\n"
    )
    subprocess.run(["ninja"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert read_inputs(tmp_path).build == {"x.c", "/etc/passwd"}


@pytest.mark.parametrize("data", [b"# ninjadeps\n\x63\0\0\0", b"# ninjadeps\n", b"", b"other"])
def test_a_log_of_another_version_says_nothing(graph, data):
    (graph / ".ninja_deps").write_bytes(data)
    assert read_inputs(graph) is None


def test_another_generator_says_nothing(tmp_path):
    assert read_inputs(tmp_path) is None


def test_external_projects_are_seen(tmp_path):
    (tmp_path / "build.ninja").write_text("build x-prefix/src/x-stamp/x-configure: C y\n")
    assert read_inputs(tmp_path).nested
