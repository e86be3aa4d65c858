"""Changes that ninja cannot see, and a build from nothing would.

Each project is built, changed, and built again: the answer is that of the
change, and the bytes are those of a build from nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile

import pytest
from support.kept_samples import NOTHING, Project

pytestmark = pytest.mark.slow

INSTALL = "install(TARGETS kept"
LIBRARY = "Python_add_library("
HERE = "${CMAKE_CURRENT_SOURCE_DIR}"
THERE = "${CMAKE_CURRENT_BINARY_DIR}"


class Changing(Project):
    """A project of which something else is true in the end."""

    def extend(self, *lines, before=INSTALL):
        """More lines in CMakeLists.txt."""
        self.edit("CMakeLists.txt", before, "\n".join([*lines, before]))

    def check(self, python, number, env=None):
        """Warm is cold."""
        self.build(env=env)
        assert self.ask(python) == number
        warm = self.bytes
        shutil.rmtree(self.cache / "v1" / "trees")
        self.build(env=env)
        assert self.ask(python) == number
        assert self.bytes == warm


@pytest.fixture
def project(copy_project, hook, tmp_path):
    return Changing(copy_project("kept"), tmp_path / "cache", hook, tmp_path / "out")


def test_another_content_of_the_same_size_and_time(project, engine_python):
    """As an archive with one time for all of its files unpacks it."""
    project.build()
    file = project.root / "answer.h"
    was = file.stat()
    project.edit("answer.h", "40", "50")
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    project.check(engine_python, 57)


# Headers.


def test_a_header_that_is_no_longer_generated(project, engine_python):
    step = "configure_file(answer.h.in answer.h)\n"
    project.extend(step + f"include_directories({THERE} {HERE})", before=LIBRARY)
    project.edit("answer.c", '"answer.h"', "<answer.h>")
    (project.root / "answer.h.in").write_text("#define ANSWER 1\n")
    project.build()
    assert project.ask(engine_python) == 8
    project.edit("CMakeLists.txt", step, "")
    project.check(engine_python, 47)


def test_a_header_that_is_generated_in_front(project, engine_python):
    """It is there only after CMake has run."""
    (project.root / "list").write_text("other.h")
    project.extend(
        "file(READ list name)",
        f'file(WRITE {THERE}/near/${{name}} "#define ANSWER 1\\n")',
        f"include_directories({THERE}/near {HERE})",
        before=LIBRARY,
    )
    project.edit("answer.c", '"answer.h"', "<answer.h>")
    project.build()
    assert project.ask(engine_python) == 47
    (project.root / "list").write_text("answer.h")
    project.check(engine_python, 8)


@pytest.mark.parametrize("place", ["near/answer.h", "answer.h"], ids=["in front", "beside"])
def test_a_header_that_appears(project, engine_python, place):
    project.extend("include_directories(near far)", before=LIBRARY)
    for name in ("near", "far"):
        (project.root / name).mkdir()
        (project.root / name / "other.h").write_text("")
    (project.root / "answer.h").rename(project.root / "far" / "answer.h")
    project.build()
    assert project.ask(engine_python) == 47
    (project.root / "unrelated.h").write_text("")
    assert project.compiled() == NOTHING
    (project.root / place).write_text("#define ANSWER 1\n")
    project.check(engine_python, 8)


# What commands read without saying so.


def test_a_version_script(project, engine_python):
    project.extend(f"target_link_options(kept PRIVATE -Wl,--version-script={HERE}/map)")
    (project.root / "map").write_text("{ global: PyInit_*; answer; local: *; };\n")
    project.build()
    (project.root / "map").write_text("{ global: PyInit_*; local: *; };\n")
    project.check(engine_python, 47)


def make_archive(place, number):
    place.mkdir(exist_ok=True)
    (place / "far.c").write_text(f"int far(void) {{ return {number}; }}\n")
    for command in (["cc", "-fPIC", "-c", "far.c"], ["ar", "rcs", "libfar.a", "far.o"]):
        subprocess.run(command, cwd=place, check=True)


def call(project, name):
    """Have the answer come from another function."""
    project.edit("answer.c", "int answer", f"int {name}(void);\nint answer")
    project.edit("answer.c", "ANSWER;", f"{name}();")


@pytest.mark.parametrize("later", ["near", "far"])
def test_a_static_library_by_its_short_name(project, engine_python, tmp_path, later):
    """Replaced, or found elsewhere first."""
    make_archive(tmp_path / "far", 1)
    project.extend(
        f"target_link_options(kept PRIVATE -L{tmp_path}/near -L{tmp_path}/far)",
        "target_link_libraries(kept PRIVATE far)",
    )
    call(project, "far")
    project.build()
    assert project.ask(engine_python) == 8
    make_archive(tmp_path / later, 2)
    project.check(engine_python, 9)


def test_the_script_of_a_custom_command(project, engine_python):
    project.extend(
        f"add_custom_command(OUTPUT made.h COMMAND sh {HERE}/make.sh VERBATIM)",
        f"include_directories({THERE})",
        "target_sources(kept PRIVATE made.h)",
    )
    project.edit("answer.c", '#include "answer.h"', '#include "made.h"')
    (project.root / "make.sh").write_text("echo '#define ANSWER 1' > made.h\n")
    project.build()
    assert project.ask(engine_python) == 8
    (project.root / "make.sh").write_text("echo '#define ANSWER 2' > made.h\n")
    project.check(engine_python, 9)


# What CMake files read.


@pytest.mark.parametrize(
    "line",
    [
        "file(READ n n)",
        f"execute_process(COMMAND cat n WORKING_DIRECTORY {HERE} OUTPUT_VARIABLE n)",
    ],
    ids=["file", "program"],
)
def test_a_default_that_is_read(project, engine_python, line):
    """CMake's cache would keep the old one."""
    (project.root / "n").write_text("3")
    project.edit("CMakeLists.txt", "set(NUMBER 7 CACHE", f"{line}\nset(NUMBER ${{n}} CACHE")
    project.build()
    assert project.ask(engine_python) == 43
    (project.root / "n").write_text("4")
    project.check(engine_python, 44)


def test_a_glob(project, engine_python):
    hook = "__attribute__((constructor)) static void f(void) {{ extern int extra; extra = {}; }}\n"
    project.edit("CMakeLists.txt", LIBRARY, f"file(GLOB all *.c)\n{LIBRARY}")
    project.edit("CMakeLists.txt", "kept.c answer.c", "${all}")
    project.edit("answer.c", "int answer", "int extra;\nint answer")
    project.edit("answer.c", "ANSWER;", "ANSWER + extra;")
    (project.root / "one.c").write_text(hook.format(5))
    project.build()
    assert project.ask(engine_python) == 52
    (project.root / "one.c").unlink()
    (project.root / "two.c").write_text(hook.format(6))
    project.check(engine_python, 53)


# Directories of the build tree that are installed.


def test_a_directory_that_a_script_fills(project, engine_python):
    (project.root / "fill.sh").write_text("mkdir -p gen; touch gen/one.py gen/two.py stamp\n")
    project.extend(
        f"add_custom_command(OUTPUT stamp COMMAND sh {HERE}/fill.sh DEPENDS {HERE}/fill.sh)",
        "add_custom_target(gen ALL DEPENDS stamp)",
        f"install(DIRECTORY {THERE}/gen DESTINATION .)",
    )
    project.build()
    assert "gen/two.py" in project.names()
    (project.root / "fill.sh").write_text("mkdir -p gen; touch gen/one.py stamp\n")
    project.build()
    assert "gen/two.py" not in project.names()
    project.check(engine_python, 47)


# FetchContent.


def pack(place, number):
    """Sources to fetch, as a directory and as an archive."""
    tree = place / "remote"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    (tree / "CMakeLists.txt").write_text(
        "add_library(remote STATIC remote.c)\n"
        "set_target_properties(remote PROPERTIES POSITION_INDEPENDENT_CODE ON)\n"
    )
    (tree / "remote.c").write_text(f"int remote(void) {{ return {number}; }}\n")
    with tarfile.open(place / "remote.tar.gz", "w:gz") as archive:
        archive.add(tree, "remote")


def commit(tree):
    git = ["git", "-C", str(tree), "-c", "user.name=x", "-c", "user.email=x@y"]
    for words in ("init -qb main", "add .", "commit -qm x", "tag -f v"):
        subprocess.run([*git, *words.split()], check=True, capture_output=True)


def fetch(project, source):
    project.extend(
        "include(FetchContent)",
        f"FetchContent_Declare(remote {source})",
        "FetchContent_MakeAvailable(remote)",
        "target_link_libraries(kept PRIVATE remote)",
    )
    call(project, "remote")
    project.build()


def test_a_fetched_archive_of_this_machine(project, engine_python, tmp_path):
    pack(tmp_path, 1)
    fetch(project, f"URL {tmp_path}/remote.tar.gz")
    assert project.ask(engine_python) == 8
    assert project.compiled() == NOTHING
    pack(tmp_path, 2)
    project.check(engine_python, 9)


def test_a_fetched_branch(project, engine_python, tmp_path):
    pack(tmp_path, 1)
    commit(tmp_path / "remote")
    fetch(project, f"GIT_REPOSITORY file://{tmp_path}/remote GIT_TAG main")
    assert project.ask(engine_python) == 8
    (tmp_path / "remote" / "remote.c").write_text("int remote(void) { return 2; }\n")
    commit(tmp_path / "remote")
    project.check(engine_python, 9)


def test_a_fetched_tag_is_kept(project, engine_python, tmp_path):
    pack(tmp_path, 1)
    commit(tmp_path / "remote")
    fetch(project, f"GIT_REPOSITORY file://{tmp_path}/remote GIT_TAG v")
    assert project.trees
    assert project.compiled() == NOTHING
    project.extend("message(STATUS other)")
    project.check(engine_python, 8)


def test_sources_outside_of_the_project(project, engine_python, tmp_path):
    pack(tmp_path, 1)
    project.extend(
        f"add_subdirectory({tmp_path}/remote remote)", "target_link_libraries(kept PRIVATE remote)"
    )
    call(project, "remote")
    project.build()
    pack(tmp_path, 2)
    os.utime(tmp_path / "remote" / "remote.c", (1e9, 1e9))
    project.check(engine_python, 9)


# Ways to compile.


@pytest.mark.parametrize(
    "line",
    [
        "set_target_properties(kept PROPERTIES UNITY_BUILD ON)",
        "set_target_properties(kept PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)",
        "target_precompile_headers(kept PRIVATE answer.h)",
    ],
    ids=["unity", "lto", "pch"],
)
def test_ways_to_compile(project, engine_python, line):
    project.extend(line)
    project.build()
    assert project.trees
    project.edit("answer.h", "40", "50")
    project.check(engine_python, 57)


def test_many_configurations(project, engine_python):
    env = {"CMAKE_GENERATOR": "Ninja Multi-Config"}
    project.build(env=env)
    assert project.trees
    project.edit("answer.h", "40", "50")
    os.utime(project.root / "answer.h", (1e9, 1e9))
    project.check(engine_python, 57, env)
