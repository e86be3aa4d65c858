"""Builds and repairs with a full disk, a size limit, or another file system."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.fault_samples import (
    HOOKS,
    NOISE,
    left_in,
    make_project,
)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, with room for 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed")
    yield place
    subprocess.run(["umount", place], check=True)


def test_full_disk_at_the_destination_of_a_repair(repair, small_disk):
    done = repair(out=small_disk)
    assert done.code == 1
    assert done.errors == 1
    assert f"cannot write noisy-1.0-py3-none-any.whl to {small_disk}: No space left" in done.output
    assert left_in(small_disk) == []


@pytest.mark.parametrize("hook", HOOKS)
def test_full_disk_at_the_destination_of_a_build(build, desk, small_disk, hook):
    project = make_project(desk / "project")
    (small_disk / "taken").write_bytes(bytes((1 << 20) - 8192))
    (project / "noise").write_bytes(NOISE)
    with (project / "CMakeLists.txt").open("a") as file:
        file.write("install(FILES noise DESTINATION .)\n")
    done = build(project, small_disk, hook)
    assert done.code == 1
    assert done.errors == 1
    assert f"to {small_disk}: No space left" in done.output
    assert left_in(small_disk) == ["taken"]


@pytest.mark.slow
def test_full_disk_for_what_is_temporary(build, desk, small_disk):
    (small_disk / "taken").write_bytes(bytes(1 << 20))
    assert build(make_project(desk / "project"), TMPDIR=small_disk).code != 0
    assert left_in(desk / "out") == []
    assert left_in(small_disk) == ["taken"]


def test_limit_on_the_size_of_files(repair, desk):
    """A write that fails in the middle: what a quota does, too."""
    done = repair(before=("prlimit", "--fsize=1000000"))
    assert done.code == 1
    assert done.errors == 1
    assert "cannot write noisy-1.0-py3-none-any.whl" in done.output
    assert left_in(desk / "out") == []


def test_what_was_there_outlives_a_full_disk(repair, desk):
    older = desk / "out" / "noisy-1.0-py3-none-any.whl"
    older.write_bytes(b"older")
    assert repair(before=("prlimit", "--fsize=1000000")).code == 1
    assert older.read_bytes() == b"older"
    assert left_in(desk / "out") == [older.name]


@pytest.mark.slow
def test_temporary_files_on_another_file_system(build, desk, is_sound):
    shared = Path("/dev/shm")
    assert shared.stat().st_dev != desk.stat().st_dev
    place = shared / f"felloe-test-{os.getpid()}"
    place.mkdir()
    try:
        assert is_sound(build(make_project(desk / "project"), TMPDIR=place))
        assert left_in(place) == []
    finally:
        shutil.rmtree(place)
