"""Builds and repairs where files are read-only or unreadable."""

from __future__ import annotations

import stat

import pytest
from support.fault_samples import (
    HOOKS,
    POWERLESS,
    left_in,
    make_project,
)


@pytest.fixture
def fixed(desk):
    """A directory that is read-only."""
    place = desk / "fixed"
    place.mkdir()
    place.chmod(0o555)
    yield place
    place.chmod(0o755)


@pytest.mark.parametrize("hook", HOOKS)
def test_read_only_destination_of_a_build(build, desk, fixed, hook):
    done = build(make_project(desk / "project"), fixed, hook, POWERLESS)
    assert (done.code, done.errors) == (1, 1)
    assert f"{fixed} cannot be written" in done.output
    assert "CMake" not in done.output, "it is said before the work"
    assert left_in(fixed) == []


def test_read_only_destination_of_a_repair(repair, fixed):
    done = repair(out=fixed, before=POWERLESS)
    assert (done.code, done.errors) == (1, 1)
    assert f"{fixed} cannot be written" in done.output
    assert left_in(fixed) == []


def test_read_only_project(build, desk, is_sound):
    """Nothing is written into a project."""
    project = make_project(desk / "project")
    for path in (*project.iterdir(), project):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = build(project, before=POWERLESS)
        assert is_sound(done)
    finally:
        project.chmod(0o755)


def test_unreadable_source(build, desk):
    """The compiler tells it."""
    project = make_project(desk / "project")
    (project / "plain.c").chmod(0)
    done = build(project, before=POWERLESS)
    assert done.code == 1
    assert "plain.c" in done.output
    assert left_in(desk / "out") == []


def test_unreadable_file_of_an_sdist(build, desk):
    project = make_project(desk / "project")
    (project / "secret").write_text("")
    (project / "secret").chmod(0)
    done = build(project, hook="build_sdist", before=POWERLESS)
    assert done.code == 1
    assert "scikit-build-core: error: [Errno 13] Permission denied: 'secret'" in done.output
    assert left_in(desk / "out") == []


def test_unreadable_project(build, desk):
    project = make_project(desk / "project")
    (project / "pyproject.toml").chmod(0)
    done = build(project, before=POWERLESS)
    assert (done.code, done.errors) == (1, 1)
    assert f"{project / 'pyproject.toml'} cannot be read: Permission denied" in done.output


def test_unreadable_wheel(repair, wheel, desk):
    wheel.chmod(0)
    done = repair(before=POWERLESS)
    assert (done.code, done.errors) == (2, 1)
    assert f"{wheel} cannot be read: Permission denied" in done.output
    assert left_in(desk / "out") == []


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["077", "000", "777"])
@pytest.mark.parametrize("hook", HOOKS)
def test_umask(build, desk, sound, hook, mask):
    """It is about the file that is written, not about what is in it."""
    shell = ("sh", "-c", f'umask {mask}; exec "$@"', "sh")
    done = build(make_project(desk / "project"), hook=hook, before=shell)
    if mask == "777" and done.code:  # nobody could read what the engine itself writes
        assert left_in(desk / "out") == []
        return
    assert done.code == 0, done.output
    (name,) = left_in(desk / "out")
    made = desk / "out" / name
    assert stat.S_IMODE(made.stat().st_mode) == 0o666 & ~int(mask, 8)
    assert made.read_bytes() == sound[name]
