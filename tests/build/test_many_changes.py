"""One project that reads files in ten ways, each of which neither ninja nor CMake declares.

One file is changed after another, and each warm build must give the new answer. At the end
the wheel is compared with one that is built from nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from support.kept_samples import Project

HERE = "${CMAKE_CURRENT_SOURCE_DIR}"
THERE = "${CMAKE_CURRENT_BINARY_DIR}"
CMAKE = f"""
if(NOT DEFINED REVISION)
  execute_process(COMMAND cat {HERE}/revision OUTPUT_VARIABLE text)
  set(REVISION "${{text}}" CACHE INTERNAL "")
endif()
include(CheckIncludeFile)
set(CMAKE_REQUIRED_INCLUDES {HERE}/opt)
check_include_file(turbo.h TURBO)
execute_process(COMMAND sh {HERE}/configured.sh WORKING_DIRECTORY {THERE})
file(GLOB GENERATED {THERE}/generated/*.c)
file(COPY {HERE}/vendor/copied.h DESTINATION {THERE}/include)
include_directories({THERE}/include {THERE} {HERE})
add_executable(own own.c)
add_custom_command(OUTPUT own.h COMMAND own > own.h)
add_custom_command(OUTPUT tool.h COMMAND a-tool > tool.h)
file(GLOB DATA {HERE}/data/*.txt)
foreach(each ${{DATA}})
  get_filename_component(name ${{each}} NAME)
  add_custom_command(OUTPUT res/${{name}}
    COMMAND ${{CMAKE_COMMAND}} -E copy ${{each}} res/${{name}})
  list(APPEND RES res/${{name}})
endforeach()
add_custom_target(res ALL DEPENDS ${{RES}})
install(DIRECTORY {THERE}/res DESTINATION .)
"""
TARGET = f"""
target_sources(kept PRIVATE ${{GENERATED}} own.h tool.h)
target_link_libraries(kept PRIVATE -L{HERE}/far -l:libfar.a)
target_compile_definitions(kept PRIVATE REVISION=${{REVISION}} TURBO=0${{TURBO}})
"""
ANSWER = r"""
#if __has_include("tuned.h")
#define TUNED 1
#else
#define TUNED 0
#endif
#include "copied.h"
#include "own.h"
#include "tool.h"
__asm__(".section .rodata\n.globl blob\n.hidden blob\nblob: .incbin \"blob.bin\"\n.previous");
extern const char blob[];
int more, far(void);
int answer(void) {
    return TUNED + 10 * (blob[0] - '0') + 100 * TURBO + 1000 * REVISION + 10000 * more
        + 100000 * OWN + 1000000 * TOOL + 10000000 * far() + 100000000 * COPIED;
}
"""
MORE = "__attribute__((constructor)) static void f%d(void) { extern int more; more++; }"


class Many(Project):
    """The project, and the change of each of its files."""

    def write(self, name, text, mode=0o644):
        """Write a file beside and rename it, as installers do."""
        file = self.root / name
        file.parent.mkdir(exist_ok=True)
        part = file.with_name("part")
        part.write_text(text)
        part.chmod(mode)
        part.replace(file)

    def write_all(self):
        """The files as they are at first."""
        self.edit("CMakeLists.txt", "Python_add_library(", CMAKE + "Python_add_library(")
        self.edit("CMakeLists.txt", "install(TARGETS kept", TARGET + "install(TARGETS kept")
        self.write("answer.c", ANSWER)
        self.write("blob.bin", "0")
        self.write("opt/other.h", "")
        self.write("revision", "0")
        self.write("configured.sh", self.generator(0))
        self.write("own.c", self.program(0))
        self.write("bin/a-tool", "#!/bin/sh\necho '#define TOOL 0'\n", 0o755)
        self.write("vendor/copied.h", "#define COPIED 0\n")
        os.utime(self.root / "vendor/copied.h", (1e9, 1e9))
        self.write("data/one.txt", "1")
        self.write("data/two.txt", "2")
        self.write_archive(0)

    def write_archive(self, number):
        """A static library that the project does not make itself."""
        self.write("far/far.c", f"int far(void) {{ return {number}; }}\n")
        for words in (["cc", "-fPIC", "-c", "far.c"], ["ar", "rcs", "libfar.a", "far.o"]):
            subprocess.run(words, cwd=self.root / "far", check=True)

    @staticmethod
    def generator(count):
        """A script that writes sources when CMake configures."""
        lines = [f"echo '{MORE % n}' > generated/{n}.c" for n in range(2 - count)]
        return "\n".join(["mkdir -p generated", *lines])

    @staticmethod
    def program(number):
        """A program that writes a header."""
        return f'#include <stdio.h>\nint main(void) {{ puts("#define OWN {number}"); }}\n'

    def write_older(self):
        """A header that is replaced by an older one."""
        self.write("vendor/copied.h", "#define COPIED 1\n")
        os.utime(self.root / "vendor/copied.h", (9e8, 9e8))


CHANGES = [
    (lambda p: p.write("tuned.h", ""), 1),
    (lambda p: p.write("blob.bin", "1"), 10),
    (lambda p: p.write("opt/turbo.h", ""), 100),
    (lambda p: p.write("revision", "1"), 1000),
    (lambda p: p.write("configured.sh", p.generator(1)), -10000),
    (lambda p: p.write("own.c", p.program(1)), 100000),
    (lambda p: p.write("bin/a-tool", "#!/bin/sh\necho '#define TOOL 1'\n", 0o755), 1000000),
    (lambda p: p.write_archive(1), 10000000),
    (Many.write_older, 100000000),
    (lambda p: (p.root / "tuned.h").unlink(), -1),
]


@pytest.fixture
def project(copy_project, hook, tmp_path):
    made = Many(copy_project("kept"), tmp_path / "cache", hook, tmp_path / "out")
    made.write_all()
    return made


def test_each_change_is_seen(project, engine_python):
    path = f"{project.root}/bin{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path}
    project.build(env=environ)
    number = project.ask(engine_python)
    for change, by in CHANGES:
        change(project)
        project.build(env=environ)
        assert project.ask(engine_python) == number + by
        number += by
    assert "res/two.txt" in project.names()
    (project.root / "data" / "two.txt").unlink()
    project.build(env=environ)
    assert "res/two.txt" not in project.names()
    warm = project.bytes
    shutil.rmtree(project.cache / "v1" / "trees")
    project.build(env=environ)
    assert project.bytes == warm
