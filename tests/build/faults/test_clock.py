"""Builds with file times before 1980 and after 2107."""

from __future__ import annotations

import os
import tarfile
import zipfile

import pytest
from support.fault_samples import (
    HOOKS,
    make_project,
)

TIMES = {"1970": 0, "1960": -315619200, "1979": 315532799}


@pytest.mark.parametrize("year", TIMES)
@pytest.mark.parametrize("hook", HOOKS)
def test_files_from_other_times(build, desk, is_sound, hook, year):
    """Zip files know 1980 to 2107; the times of files are not in the result."""
    project = make_project(desk / "project")
    for path in project.iterdir():
        os.utime(path, (TIMES[year], TIMES[year]))
    assert is_sound(build(project, hook=hook))


@pytest.mark.slow
@pytest.mark.parametrize("year", [*TIMES.values(), 7258118400])
def test_installed_files_from_other_times(build, desk, year):
    project = make_project(desk / "project")
    with (project / "CMakeLists.txt").open("a") as file:
        file.write("install(FILES plain.c DESTINATION .)\n")
    os.utime(project / "plain.c", (year, year))
    done = build(project)
    assert done.code == 0, done.output
    (made,) = (desk / "out").iterdir()
    with zipfile.ZipFile(made) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {2020}
        assert archive.read("plain.c") == (project / "plain.c").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [0, 1, 315532799])
def test_build_before_1980(build, desk, epoch):
    done = build(make_project(desk / "project"), SOURCE_DATE_EPOCH=epoch)
    assert done.code == 0, done.output
    (made,) = (desk / "out").iterdir()
    with zipfile.ZipFile(made) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


@pytest.mark.slow
def test_sdist_before_1980(build, desk):
    done = build(make_project(desk / "project"), hook="build_sdist", SOURCE_DATE_EPOCH=1)
    assert done.code == 0, done.output
    (made,) = (desk / "out").iterdir()
    with tarfile.open(made) as archive:
        assert {member.mtime for member in archive} == {1}
