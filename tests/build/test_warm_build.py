"""A second build compiles what changed: the shortest form of tests/build/test_incremental.py."""

from __future__ import annotations

import pytest
from support.kept_samples import EVERYTHING, NOTHING, Project, compiled_in


@pytest.fixture
def project(copy_project, hook, tmp_path):
    return Project(copy_project("kept"), tmp_path / "cache", hook, tmp_path / "out")


def test_a_second_build_compiles_what_changed_and_has_the_bytes_of_a_cold_one(
    project, engine_python
):
    assert project.compiled() == EVERYTHING
    first = project.bytes
    again = project.build()
    assert compiled_in(again.output) == NOTHING
    assert project.bytes == first
    project.edit("answer.h", "40", "50")
    assert project.compiled() == ["answer.c"]
    assert project.ask(engine_python) == 57
    assert project.bytes == project.compiled_cold()
