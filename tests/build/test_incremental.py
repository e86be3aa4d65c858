"""A second build compiles what changed, and comes out as if it had compiled everything.

No isolation here: the environment is the same, what is shown is the build tree.
"""

# ruff: noqa: PLR0913, PLR0917 - what a test needs are its arguments

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from support.interpreters import VERSIONS, need_python
from support.kept_samples import EVERYTHING, NOTHING, Project, compiled_in
from support.paths import ROOT
from support.process import run

pytestmark = pytest.mark.slow


@pytest.fixture
def project(copy_project, hook, tmp_path):
    return Project(copy_project("kept"), tmp_path / "cache", hook, tmp_path / "out")


@pytest.fixture
def built(project):
    """Built once: everything was compiled."""
    assert project.compiled() == EVERYTHING
    return project


def test_nothing_changed(built):
    first = built.bytes
    answer = built.build()
    assert compiled_in(answer.output) == NOTHING
    assert "nothing has changed since the last build" in answer.output
    assert "CMake" not in answer.output
    assert built.bytes == first == built.compiled_cold()


def test_a_changed_source(built, engine_python):
    built.edit("answer.c", "return ANSWER", "return ANSWER + 1")
    assert built.compiled() == ["answer.c"]
    assert built.ask(engine_python) == 48
    assert built.bytes == built.compiled_cold()


def test_a_changed_header(built, engine_python):
    built.edit("answer.h", "40", "50")
    assert built.compiled() == ["answer.c"]
    assert built.ask(engine_python) == 57


@pytest.mark.parametrize("name", ["answer.h", "answer.c"])
def test_a_file_replaced_by_an_older_one(built, engine_python, name):
    """As package managers and archives do; ninja sees times only."""
    built.edit(name, *(("40", "50") if name.endswith("h") else ("ANSWER;", "ANSWER + 10;")))
    os.utime(built.root / name, (1e9, 1e9))
    assert built.compiled() == ["answer.c"]
    assert built.ask(engine_python) == 57


def test_a_changed_option_and_back(built, engine_python):
    first = built.bytes
    louder = {"cmake.define.LOUD": "ON"}
    assert built.compiled(louder) == EVERYTHING
    assert built.ask(engine_python) == 94
    assert built.compiled() == NOTHING
    assert built.bytes == first
    assert built.compiled(louder) == NOTHING
    assert built.ask(engine_python) == 94
    assert len(built.trees) == 2


def test_changed_variables_and_back(built):
    changes = [
        {"CFLAGS": "-O1"},
        {"CC": "gcc"},
        {"CMAKE_ARGS": "-DNUMBER=8"},
        {"SKBUILD_CMAKE_BUILD_TYPE": "Debug"},
        {"SOURCE_DATE_EPOCH": "1700000000"},
        {"CPATH": "/opt"},
    ]
    assert [built.compiled(env=env) for env in changes] == [EVERYTHING] * len(changes)
    assert [built.compiled(env=env) for env in [{}, *changes]] == [NOTHING] * (1 + len(changes))


def test_a_variable_that_changes_nothing(built):
    env = {"TERM": "dumb", "SSH_AUTH_SOCK": "/x", "CMAKE_BUILD_PARALLEL_LEVEL": "1"}
    assert built.compiled(env=env) == NOTHING


def test_a_changed_default_in_cmakelists(built, engine_python):
    """CMake's own cache would keep the old one."""
    built.edit("CMakeLists.txt", "NUMBER 7", "NUMBER 9")
    assert built.compiled() == EVERYTHING
    assert built.ask(engine_python) == 49
    assert built.bytes == built.compiled_cold()


def test_a_removed_install_rule(built):
    assert "notes.txt" in built.names()
    built.edit("CMakeLists.txt", "install(FILES notes.txt DESTINATION .) # one line\n", "")
    assert built.compiled() == NOTHING
    assert "notes.txt" not in built.names()
    assert built.bytes == built.compiled_cold()


def test_a_changed_table_and_back(built, engine_python):
    path = built.root / "pyproject.toml"
    text = path.read_text()
    path.write_text(text + "[tool.scikit-build.cmake.define]\nNUMBER = '1'\n")
    assert built.compiled() == EVERYTHING
    assert built.ask(engine_python) == 41
    path.write_text(text)
    assert built.compiled() == NOTHING
    assert built.ask(engine_python) == 47


def test_a_variable_that_cmakelists_reads(built, engine_python):
    built.edit(
        "CMakeLists.txt",
        "find_package(",
        "if(DEFINED ENV{KEPT_NUMBER})\n  set(NUMBER $ENV{KEPT_NUMBER} CACHE STRING x FORCE)\n"
        "endif()\nfind_package(",
    )
    built.build(env={"KEPT_NUMBER": "3"})
    assert built.ask(engine_python) == 43
    built.build()
    assert built.ask(engine_python) == 47


def make_compiler(path, *options):
    """A compiler of its own: a script before the system's."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec /usr/bin/cc {" ".join(options)} "$@"\n')
    path.chmod(0o755)


def test_an_upgraded_compiler(project, tmp_path):
    """Same path, same name, another program, and as old as package managers make it."""
    compiler = tmp_path / "bin" / "cc"
    make_compiler(compiler)
    os.utime(compiler, (1e9, 1e9))
    env = {"CC": str(compiler)}
    assert project.compiled(env=env) == EVERYTHING
    assert project.compiled(env=env) == NOTHING
    make_compiler(compiler, "-UNUMBER")
    make_compiler(compiler, "-DUPGRADED")
    os.utime(compiler, (1e9, 1e9))
    assert project.compiled(env=env) == EVERYTHING


def test_a_compiler_named_by_a_toolchain_file(project, tmp_path):
    compiler = tmp_path / "bin" / "cc"
    make_compiler(compiler)
    (tmp_path / "chain.cmake").write_text(f"set(CMAKE_C_COMPILER {compiler})\n")
    config = {"cmake.toolchain-file": str(tmp_path / "chain.cmake")}
    assert project.compiled(config) == EVERYTHING
    assert project.compiled(config) == NOTHING
    make_compiler(compiler, "-DUPGRADED")
    os.utime(compiler, (1e9, 1e9))
    assert project.compiled(config) == EVERYTHING


def test_a_library_that_appears_in_front(project, engine_python, tmp_path):
    """What CMake has found once it does not search for again."""
    for name, number in (("far", 3), ("near", 5)):
        place = tmp_path / name / "include"
        place.mkdir(parents=True)
        (place / "number.h").write_text(f"#define FOUND {number}\n")
    near = tmp_path / "near" / "include" / "number.h"
    near.rename(tmp_path / "later.h")
    project.edit(
        "CMakeLists.txt",
        "set(NUMBER 7",
        'find_path(WHERE number.h)\nfile(STRINGS "${WHERE}/number.h" LINE)\n'
        'string(REGEX REPLACE "[^0-9]" "" LINE "${LINE}")\nset(NUMBER ${LINE}',
    )
    env = {"CMAKE_PREFIX_PATH": f"{tmp_path / 'near'}:{tmp_path / 'far'}"}
    project.build(env=env)
    assert project.ask(engine_python) == 43
    (tmp_path / "later.h").rename(near)
    project.build(env=env)
    assert project.ask(engine_python) == 45


def test_an_error_costs_nothing_but_itself(built, engine_python):
    built.edit("answer.c", "return ANSWER", "return ANSWER - oops")
    assert built.build(check=False).exit_code
    built.edit("answer.c", "return ANSWER - oops", "return ANSWER - 1")
    assert built.compiled() == ["answer.c"]
    assert built.ask(engine_python) == 46
    assert built.bytes == built.compiled_cold()


def test_what_a_failed_command_has_left_is_not_taken_for_made(project, engine_python):
    """Half a file, newer than its inputs: old versions of ninja believe in it."""
    project.edit(
        "CMakeLists.txt",
        "Python_add_library(kept MODULE WITH_SOABI",
        "add_custom_command(OUTPUT made.h DEPENDS notes.txt COMMAND sh "
        "${CMAKE_CURRENT_SOURCE_DIR}/make.sh VERBATIM)\n"
        "include_directories(${CMAKE_CURRENT_BINARY_DIR})\n"
        "Python_add_library(kept MODULE WITH_SOABI made.h",
    )
    project.edit("answer.c", '#include "answer.h"', '#include "answer.h"\n#include "made.h"')
    project.edit("answer.c", "return ANSWER", "return ANSWER + MADE")
    script = project.root / "make.sh"
    script.write_text("echo '#define MADE 1' > made.h\n")
    project.build()
    assert project.ask(engine_python) == 48
    (project.root / "notes.txt").write_text("changed")
    script.write_text("echo '#define MADE 2' > made.h\nexit 1\n")
    for _ in range(2):
        assert project.build(check=False).exit_code
    script.write_text("echo '#define MADE 3' > made.h\n")
    project.build()
    assert project.ask(engine_python) == 50


def test_a_source_edited_while_it_is_compiled(project, engine_python, tmp_path):
    compiler = tmp_path / "bin" / "cc"
    compiler.parent.mkdir()
    edit = f"sed -i s/40/41/ {project.root}/answer.h"
    compiler.write_text(
        f'#!/bin/sh\n/usr/bin/cc "$@" || exit\ncase "$*" in *answer.c) sleep 0.1; {edit};; esac\n'
    )
    compiler.chmod(0o755)
    project.build(env={"CC": str(compiler)})
    assert project.ask(engine_python) == 47
    project.build(env={"CC": str(compiler)})
    assert project.ask(engine_python) == 48


def test_an_error_in_cmakelists(built):
    built.edit("CMakeLists.txt", "option(", "message(FATAL_ERROR no)\noption(")
    assert built.build(check=False).exit_code
    built.edit("CMakeLists.txt", "message(FATAL_ERROR no)\n", "")
    assert built.compiled() == NOTHING
    assert built.bytes == built.compiled_cold()


@pytest.mark.parametrize(
    ("config", "env"),
    [
        ({"build-dir": "own"}, {}),
        ({"skbuild.build-dir": "own"}, {}),
        (None, {"SKBUILD_BUILD_DIR": "own"}),
    ],
)
def test_the_users_build_dir_wins(project, config, env):
    assert project.compiled(config, env) == EVERYTHING
    assert (project.root / "own" / "CMakeCache.txt").exists()
    assert not project.trees


def test_the_projects_build_dir_wins(project):
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('[tool.scikit-build]\nbuild-dir = "own/{wheel_tag}"\n')
    project.build()
    assert list(project.root.glob("own/*/CMakeCache.txt"))
    assert not project.trees


def test_makefiles_are_built_anew(project, engine_python):
    """make sees times only, and tells nobody what it read."""
    env = {"CMAKE_GENERATOR": "Unix Makefiles"}
    project.build(env=env)
    assert "Building C" not in project.build(env=env).output
    project.edit("answer.h", "40", "50")
    built = [line for line in project.build(env=env).output.splitlines() if "Building C" in line]
    assert len(built) == 2
    assert project.ask(engine_python) == 57


def test_steps_of_external_projects_are_watched(project, engine_python):
    project.edit(
        "CMakeLists.txt",
        "install(TARGETS",
        "include(ExternalProject)\nExternalProject_Add(other SOURCE_DIR ${CMAKE_SOURCE_DIR} "
        'CONFIGURE_COMMAND "" BUILD_COMMAND "" INSTALL_COMMAND "")\ninstall(TARGETS',
    )
    project.build()
    assert project.compiled() == NOTHING
    project.edit("answer.h", "40", "50")
    project.build()
    assert project.ask(engine_python) == 57


def test_an_unpacked_sdist_has_no_tree(project):
    (project.root / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: kept\nVersion: 1.0\n")
    assert project.compiled(env={"FELLOE_CACHE": "auto"}) == EVERYTHING
    assert not project.trees
    project.build(env={"FELLOE_CACHE": "1"})  # who asks for it may have it
    assert project.trees


@pytest.mark.parametrize(
    ("cache", "ci", "sdist", "kept"),
    [
        ("0", "", False, False),
        ("false", "", False, False),
        ("auto", "", False, True),
        ("auto", "true", False, True),
        ("auto", "true", True, False),
        ("1", "true", True, True),
    ],
)
def test_when_something_is_kept(project, cache, ci, sdist, kept):
    if sdist:
        (project.root / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: kept\nVersion: 1.0\n")
    project.build(env={"FELLOE_CACHE": cache, "CI": ci})
    assert (project.cache / "v1").exists() == kept


def test_another_interpreter_has_another_tree(built, make_venv, tmp_path):
    other = next(version for version in VERSIONS if version != "{}.{}".format(*sys.version_info))
    python = make_venv(tmp_path / "venv", need_python(other), "felloe")
    assert compiled_in(built.build(python=python).output) == EVERYTHING
    assert compiled_in(built.build(python=python).output) == NOTHING
    assert built.compiled() == NOTHING
    assert len(built.trees) == 2


def start(project, engine_python, environ, tmp_path, name):
    out = tmp_path / name
    out.mkdir(exist_ok=True)
    code = f"import felloe; print(felloe.build_wheel({str(out)!r}))"
    env = {**environ, "FELLOE_CACHE": "1", "FELLOE_CACHE_DIR": str(project.cache)}
    with (tmp_path / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            [engine_python, "-c", code],
            cwd=project.root,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def test_two_builds_at_once(project, engine_python, clean_environ, tmp_path):
    names = ("one", "two", "three")
    processes = [start(project, engine_python, clean_environ, tmp_path, name) for name in names]
    assert [process.wait() for process in processes] == [0, 0, 0]
    wheels = {next((tmp_path / name).glob("*.whl")).read_bytes() for name in names}
    assert len(wheels) == 1
    assert project.compiled() == NOTHING
    assert {project.wheel.read_bytes()} == wheels


def wait_for(condition, process):
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the build ended before the moment came"
        assert time.monotonic() < deadline
        time.sleep(0.002)


PHASES = {
    "configure": lambda tree: (tree / "CMakeInit.txt").exists(),
    "compiler tests": lambda tree: (tree / "CMakeFiles").exists(),
    "generated": lambda tree: (tree / "build.ninja").exists(),
    "compile": lambda tree: any(tree.glob("CMakeFiles/kept.dir/*.o")),
    "link": lambda tree: any(tree.glob("kept*.so")),
    "install": lambda tree: (tree / "install_manifest.txt").exists(),
}
QUICK = [("all", "configure"), ("all", "compile"), ("all", "link"), ("hook", "compile")]


@pytest.mark.parametrize(
    ("whom", "phase"),
    [
        pytest.param(whom, phase, marks=[] if (whom, phase) in QUICK else pytest.mark.exhaustive)
        for whom in ("all", "hook")
        for phase in PHASES
    ],
)
def test_a_killed_build(project, engine_python, clean_environ, tmp_path, whom, phase):
    """Of the group all die; else only the hook, and what it started goes on."""
    process = start(project, engine_python, clean_environ, tmp_path, "killed")
    tree = project.cache / "v1" / "trees"
    wait_for(lambda: any(PHASES[phase](path) for path in tree.glob("*/build")), process)
    if whom == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    project.build()
    assert project.ask(engine_python) == 47
    first = project.bytes
    deadline = time.monotonic() + 60
    while whom == "hook" and is_running(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    project.build()
    assert project.bytes == first
    assert project.compiled() == NOTHING
    assert project.bytes == first == project.compiled_cold()


def is_running(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_rebuild(built, engine_python, clean_environ, tmp_path):
    """An object half written, and newer than its source, is not taken for made."""
    slow = "static int x[] = {" + ",".join(["__COUNTER__"] * 400_000) + "};\n"
    built.edit("answer.c", "int answer(void)\n{", slow + "int answer(void)\n{ return 1 + x[5];")
    process = start(built, engine_python, clean_environ, tmp_path, "killed")
    (tree,) = built.trees
    log = tmp_path / "killed.log"
    wait_for(lambda: "Building" in log.read_text(), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for item in (tree / "build").rglob("answer.c.o"):
        item.write_bytes(b"half")
    built.build()
    assert built.ask(engine_python) == 13
    assert built.compiled() == NOTHING


def test_compilers_that_outlive_their_build_keep_the_tree(built):
    (tree,) = built.trees
    (tree / "in-use").touch()
    with subprocess.Popen(["sleep", "60"], cwd=tree / "build") as orphan:
        assert built.compiled() == EVERYTHING  # elsewhere
        assert (tree / "in-use").exists()
        orphan.kill()
    assert built.compiled() == EVERYTHING
    assert built.compiled() == NOTHING


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("mount"), reason="nothing is read-only")
def test_a_cache_that_cannot_be_made(project, engine_python):
    project.cache.write_text("a file is in the way")
    answer = project.build()
    assert answer.output.count("felloe: note:") == 1
    assert f"{project.cache}/v1 cannot be used: Not a directory" in answer.output
    assert project.ask(engine_python) == 47


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own; needs the right to mount, or a namespace of its own."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options):
        done = run("mount", "-t", "tmpfs", "-o", options, "tmpfs", place, check=False)
        if done.returncode:
            pytest.skip("mounting is not allowed")
        return place

    yield mount
    run("umount", place, check=False)


def test_a_read_only_cache(project, engine_python, disk):
    project.cache = disk("size=1m")
    run("mount", "-o", "remount,ro", project.cache)
    answer = project.build()
    assert answer.output.count("felloe: note:") == 1
    assert "cannot be used: Read-only file system; building without the cache" in answer.output
    assert project.ask(engine_python) == 47


def test_a_disk_that_is_full_before(project, engine_python, disk):
    project.cache = disk("size=1m")
    answer = project.build()
    assert answer.output.count("felloe: note:") == 1
    assert f"the disk of {project.cache}/v1 is full; building without the cache" in answer.output
    assert project.ask(engine_python) == 47


def test_a_disk_that_fills_up(project, engine_python, disk):
    project.cache = disk("size=70m")
    filler = 'file(WRITE "${CMAKE_BINARY_DIR}/x" "")\nexecute_process(COMMAND dd if=/dev/zero '
    filler += "of=${CMAKE_BINARY_DIR}/x bs=1M count=80 OUTPUT_QUIET ERROR_QUIET)\noption("
    project.edit("CMakeLists.txt", "option(", filler)
    answer = project.build()
    assert f"the disk of {project.cache}/v1 is full; building without the cache" in answer.output
    assert project.ask(engine_python) == 47
    assert not project.trees


def test_foreign_things_in_the_cache(built, engine_python):
    root = built.cache / "v1"
    (built.cache / "v0" / "trees").mkdir(parents=True)
    (root / "trees" / "stray").write_text("a file")
    (root / "environments").mkdir(exist_ok=True)
    (root / "environments" / "0").mkdir()
    (tree,) = built.trees
    (tree / "entry.json").write_text("[]")
    assert built.compiled() == NOTHING
    for name in ("files.json", "steps.json"):
        (built.root / "answer.h").touch()
        (tree / name).write_text('{"wheel": true}')
        built.edit("answer.h", "40", "40 ")
        assert built.compiled() == EVERYTHING
        built.edit("answer.h", "40 ", "40")
        (tree / name).write_bytes(os.urandom(99))
        assert built.compiled() == EVERYTHING
    assert built.ask(engine_python) == 47


@pytest.mark.parametrize(
    ("name", "data", "again"),
    [
        ("CMakeFiles/kept.dir/answer.c.o", b"", ["answer.c"]),
        ("CMakeCache.txt", b"CMAKE_GENERATOR:INTERNAL=Unix Makefiles\n", NOTHING),
    ],
)
def test_a_file_of_the_tree_that_was_lost_in_part(built, name, data, again):
    """As a machine without power leaves it."""
    first = built.bytes
    (tree,) = built.trees
    (tree / "build" / name).write_bytes(data)
    assert built.compiled() == again
    assert built.bytes == first
    assert built.compiled() == NOTHING


@pytest.mark.parametrize("bring", [shutil.move, shutil.copytree])
def test_a_cache_from_elsewhere(built, tmp_path, bring):
    first = built.bytes
    bring(built.cache, tmp_path / "other")
    built.cache = tmp_path / "other"
    assert built.compiled() == EVERYTHING
    assert built.bytes == first
    assert built.compiled() == NOTHING


def test_a_tree_that_leads_elsewhere_is_left_alone(built, tmp_path):
    """Moved by hand to where there is room, and more is kept there by now."""
    (tree,) = built.trees
    other = tmp_path / "other"
    shutil.move(tree / "build", other)
    (tree / "build").symlink_to(other)
    (other / "precious").touch()
    built.edit("CMakeLists.txt", "# one line", "# another line")
    assert built.compiled() == EVERYTHING
    assert (other / "precious").exists()


def test_the_limit_is_kept(built):
    built.build({"cmake.define.LOUD": "ON"})
    assert len(built.trees) == 2
    answer = built.build({"cmake.define.NUMBER": "3"}, env={"FELLOE_CACHE_LIMIT": "1kB"})
    assert "felloe: note" not in answer.output
    assert built.trees == []


def test_the_command_tells_of_it(built, clean_environ):
    environ = {
        **clean_environ,
        "FELLOE_CACHE_DIR": str(built.cache),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = (sys.executable, "-m", "felloe", "cache")
    document = json.loads(run(*command, "info", "--json", env=environ).stdout)
    (entry,) = document["entries"]
    assert entry["about"] == str(built.root)
    assert entry["bytes"] == document["bytes"] > 10_000
    assert "removed 1 entries" in run(*command, "clear", env=environ).stdout
    assert not built.trees


def test_the_install_prefix_is_the_same_in_each_build(hook, copy_project, tmp_path):
    """A file that names it differed in each build, and what includes it was compiled again."""
    lines = (
        "cmake_minimum_required(VERSION 3.15...4.0)\nproject(p C)\n"
        "configure_file(p.in p.txt @ONLY)\n"
        "install(FILES ${CMAKE_CURRENT_BINARY_DIR}/p.txt DESTINATION .)\n"
    )
    files = {"CMakeLists.txt": lines, "p.in": "@CMAKE_INSTALL_PREFIX@ @SKBUILD_DATA_DIR@\n"}
    project = copy_project("frontend_tiny", files)
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        env = {"FELLOE_CACHE": "true", "FELLOE_CACHE_DIR": str(tmp_path / "cache")}
        answer = hook(project, "build_wheel", tmp_path / name, env=env)
        made.append((tmp_path / name / answer.value).read_bytes())
    assert made[0] == made[1]
