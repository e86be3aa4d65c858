"""What an edited source file repeats, in a project with a header that CMake writes."""

from __future__ import annotations

import os

import pytest
from support.kept_samples import Project

HEADER = "configure_file(stamp.h.in stamp.h)\ninclude_directories(${CMAKE_CURRENT_BINARY_DIR})\n"
STAMPED = "file(TIMESTAMP ${CMAKE_CURRENT_SOURCE_DIR}/other.c WHEN %s UTC)\n"


@pytest.fixture
def project(copy_project, hook, tmp_path):
    files = {
        "stamp.h.in": '#define STAMP "@WHEN@"\n',
        "other.c": '#include "stamp.h"\nconst char *other(void) { return STAMP; }\n',
    }
    made = Project(copy_project("kept", files), tmp_path / "cache", hook, tmp_path / "out")
    made.edit("CMakeLists.txt", "Python_add_library(", HEADER + "Python_add_library(")
    add = "target_sources(kept PRIVATE other.c)\ninstall(TARGETS kept"
    made.edit("CMakeLists.txt", "install(TARGETS kept", add)
    return made


def test_cmake_does_not_configure_for_an_edited_source(project):
    assert "other.c" in project.compiled()
    project.edit("other.c", "return STAMP;", 'return "a" STAMP;')
    assert project.compiled() == ["other.c"]


def test_cmake_configures_if_it_asked_for_the_time_of_a_source(project):
    project.edit("CMakeLists.txt", HEADER, STAMPED.replace("%s", '"%s"') + HEADER)
    project.build()
    before = project.bytes
    project.edit("other.c", "return STAMP;", 'return STAMP "";')
    os.utime(project.root / "other.c", (1e9, 1e9))
    project.build()
    assert project.bytes != before
