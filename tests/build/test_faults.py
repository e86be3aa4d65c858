"""Builds and repairs where the machine is not as it should be: all is well, or nothing is written.

Killed processes are in test_killed.py, many at once in test_load.py, broken projects in
tests/build/test_hostile_builds.py.
"""

from __future__ import annotations

import importlib.metadata
import os
import random
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from support.fault_samples import (
    AS_STRANGER,
    POWERLESS,
    STRANGER,
    build_command,
    environment,
    left_in,
    make_project,
    repair_command,
    run,
)
from support.graft_samples import Forge

HOOKS = {"build_wheel": ".whl", "build_sdist": ".tar.gz"}
NOISE = random.Random(11).getrandbits(8 * (3 << 20)).to_bytes(3 << 20, "big")


@pytest.fixture
def desk(tmp_path):
    """Places for the output and for what is temporary."""
    for name in ("out", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def build(desk, clean_environ):
    """Call a hook on a project in a process of its own."""

    def call(project, out=None, hook="build_wheel", before=(), **environ):
        env = environment(clean_environ, **{"TMPDIR": desk / "tmp", **environ})
        return run(build_command(hook, out or desk / "out"), env, project, before)

    return call


@pytest.fixture(scope="session")
def sound(once, clean_environ):
    """The files that an undisturbed build makes: name to bytes."""

    def make(place):
        project = make_project(place / "project")
        for hook in HOOKS:
            done = run(build_command(hook, place), environment(clean_environ), project)
            assert done.code == 0, done.output

    place = once("sound", make)
    return {path.name: path.read_bytes() for path in place.glob("*-1.0*")}


@pytest.fixture
def is_sound(desk, sound):
    """Whether a build ended well, with the bytes of an undisturbed one."""

    def check(done, out=None):
        assert done.code == 0, done.output
        out = out or desk / "out"
        (name,) = left_in(out)
        assert f"ANSWER {name}" in done.output
        assert (out / name).read_bytes() == sound[name]
        return True

    return check


@pytest.fixture
def wheel(desk):
    """A wheel of 3 MB that gets no smaller when it is packed."""
    return Forge(desk).pack("noisy", [("noisy/data", NOISE)], tag="py3-none-any")


@pytest.fixture
def repair(desk, wheel, clean_environ):
    def call(path=wheel, out=desk / "out", before=(), **environ):
        env = environment(clean_environ, **{"TMPDIR": desk / "tmp", **environ})
        return run(repair_command(path, out), env, desk, before)

    return call


# Disks.


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


# Permissions.


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


WITHOUT_PYTHON = """\
cmake_minimum_required(VERSION 3.15)
project(plain LANGUAGES C)
add_library(plain MODULE plain.c)
install(TARGETS plain DESTINATION .)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
class TestAnotherUser:
    """A number without a name, as containers and build farms have them."""

    @pytest.fixture
    def desk(self):
        """Where another user may go: pytest's directories are for their owner alone."""
        with tempfile.TemporaryDirectory(prefix="felloe-test-") as place:
            desk = Path(place)
            desk.chmod(0o755)
            for name in ("out", "tmp"):
                (desk / name).mkdir()
                os.chown(desk / name, STRANGER, STRANGER)
            yield desk

    @pytest.fixture
    def project(self, desk):
        # CMake asks what the number may do, not what the process may: it finds no Python below
        # a home directory that is closed.
        place = make_project(desk / "project", {"CMakeLists.txt": WITHOUT_PYTHON, "plain.c": ""})
        os.chown(place, STRANGER, STRANGER)
        return place

    @pytest.fixture
    def is_sound(self, desk):
        def check(done):
            assert done.code == 0, done.output
            (made,) = (desk / "out").iterdir()
            assert zipfile.ZipFile(made).testzip() is None
            return True

        return check

    @pytest.mark.parametrize("home", [None, "/nonexistent", "/proc", ""])
    def test_home_that_is_no_place_to_write(self, build, project, is_sound, home):
        before = left_in(project)
        done = build(project, before=AS_STRANGER, HOME=home, FELLOE_CACHE="1", XDG_CACHE_HOME=None)
        assert is_sound(done)
        assert left_in(project) == before, "a cache was made in the project"
        assert done.output.count("felloe: note:") == 1
        assert "building without the cache" in done.output

    def test_cache_of_somebody_else(self, build, project, desk, is_sound):
        """A directory that all may write to and a stranger owns."""
        cache = desk / "cache" / "v1"
        cache.mkdir(parents=True)
        for place in (cache, cache.parent):
            place.chmod(0o777)
        os.chown(cache, STRANGER + 1, STRANGER + 1)
        done = build(project, before=AS_STRANGER, FELLOE_CACHE="1", FELLOE_CACHE_DIR=cache.parent)
        assert is_sound(done)
        assert left_in(cache) == []
        assert f"{cache} cannot be used: it belongs to another user" in done.output

    def test_cache_of_a_user_when_root_builds(self, build, project, desk, is_sound):
        """What somebody else can change is not run as root."""
        cache = desk / "cache" / "v1"
        cache.mkdir(parents=True)
        os.chown(cache, STRANGER, STRANGER)
        done = build(project, FELLOE_CACHE="1", FELLOE_CACHE_DIR=cache.parent)
        assert is_sound(done)
        assert left_in(cache) == []
        assert f"{cache} cannot be used: it belongs to another user" in done.output

    def test_zig_of_a_user_when_root_builds(self, build, project, desk):
        cache = desk / "cache" / "v1"
        zig = cache / "zig" / importlib.metadata.version("ziglang") / "zig"
        zig.parent.mkdir(parents=True)
        zig.write_text(f"#!/bin/sh\ntouch {desk}/was-run\n")
        zig.chmod(0o755)
        for place in (cache, *cache.rglob("*")):
            os.chown(place, STRANGER, STRANGER)
        done = build(project, FELLOE_TOOLCHAIN="zig", FELLOE_CACHE_DIR=cache.parent)
        assert done.code == 1
        assert not (desk / "was-run").exists()
        assert f"error: {cache} cannot be used: it belongs to another user" in done.output
        assert left_in(desk / "out") == []


# Clocks.

TIMES = {"1970": 0, "1960": -315619200, "1979": 315532799}


@pytest.mark.parametrize("year", TIMES)
@pytest.mark.parametrize("hook", HOOKS)
def test_files_from_other_times(build, desk, is_sound, hook, year):
    """Zip files know 1980 to 2107; the times of files are not in the result."""
    project = make_project(desk / "project")
    for path in project.iterdir():
        os.utime(path, (TIMES[year], TIMES[year]))
    assert is_sound(build(project, hook=hook))


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


@pytest.mark.parametrize("epoch", [0, 1, 315532799])
def test_build_before_1980(build, desk, epoch):
    done = build(make_project(desk / "project"), SOURCE_DATE_EPOCH=epoch)
    assert done.code == 0, done.output
    (made,) = (desk / "out").iterdir()
    with zipfile.ZipFile(made) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


def test_sdist_before_1980(build, desk):
    done = build(make_project(desk / "project"), hook="build_sdist", SOURCE_DATE_EPOCH=1)
    assert done.code == 0, done.output
    (made,) = (desk / "out").iterdir()
    with tarfile.open(made) as archive:
        assert {member.mtime for member in archive} == {1}


# Paths.

LONG = "d" * 200
PATHS = {
    "spaces": " a  b ",
    "quotes": "it's `b`",
    "shell": "$HOME&#%!*?<>(x)",
    "braces": "{a}[b]{{c}}",
    "not UTF-8": os.fsdecode(b"caf\xe9-\xff"),
    "beyond ASCII": "größe→🛞",
    "long": "/".join([LONG] * 6),
}


@pytest.mark.parametrize("name", PATHS)
def test_odd_paths(build, desk, is_sound, name):
    """Of the project, of the output, of what is kept and of what is temporary."""
    odd = desk / "odd" / PATHS[name]
    for place in ("out", "tmp"):
        (odd / place).mkdir(parents=True)
    environ = {"FELLOE_CACHE": "1", "FELLOE_CACHE_DIR": odd / "cache"}
    if name != "not UTF-8":  # the engine writes it into a file for CMake
        environ["TMPDIR"] = odd / "tmp"
    done = build(make_project(odd / "project"), odd / "out", **environ)
    assert is_sound(done, odd / "out")
    assert left_in(odd / "tmp") == []


@pytest.mark.parametrize("place", ["a;b", "a\\b", 'a"b'])
def test_cache_where_cmake_cannot_build(build, desk, is_sound, place):
    cache = desk / place
    done = build(make_project(desk / "project"), FELLOE_CACHE="1", FELLOE_CACHE_DIR=cache)
    assert is_sound(done)
    assert f"CMake cannot build in {cache}/v1; building without the cache" in done.output
    assert not cache.exists()


MORE_PATHS = {**PATHS, "newlines": "a\nb\r\nc", "backslash": "a\\b;c|d"}


@pytest.mark.parametrize("name", MORE_PATHS)
def test_odd_paths_of_sdists(build, desk, is_sound, name):
    odd = desk / "odd" / MORE_PATHS[name]
    (odd / "out").mkdir(parents=True)
    assert is_sound(build(make_project(odd / "project"), odd / "out", "build_sdist"), odd / "out")


@pytest.mark.parametrize("name", MORE_PATHS)
def test_odd_paths_of_repairs(repair, wheel, desk, name):
    odd = desk / "odd" / MORE_PATHS[name]
    odd.mkdir(parents=True)
    moved = shutil.copy(wheel, odd)
    done = repair(moved, odd / "out")
    assert done.code == 0, done.output
    assert zipfile.ZipFile(odd / "out" / wheel.name).testzip() is None


def test_line_break_in_the_path_of_a_project(build, desk):
    """ninja's files cannot say it, and it tells so."""
    project = desk / "a\nb" / "project"
    project.parent.mkdir()
    done = build(make_project(project))
    assert done.code == 1
    assert "ninja" in done.output
    assert left_in(desk / "out") == []


def test_line_break_in_the_path_of_the_output(build, desk, is_sound):
    out = desk / "a\nb"
    assert is_sound(build(make_project(desk / "project"), out), out)


@pytest.mark.parametrize("parts", [[LONG] * 25, [LONG * 2]], ids=["path", "name"])
def test_path_that_is_too_long(build, desk, parts):
    done = build(make_project(desk / "project"), "/".join([str(desk), *parts]))
    assert (done.code, done.errors) == (1, 1)
    assert "cannot be made: File name too long" in done.output


def test_file_whose_name_is_not_utf8(build, desk):
    """A wheel's names are UTF-8: it is refused, and named."""
    project = make_project(desk / "project")
    (project / os.fsdecode(b"caf\xe9.txt")).write_text("")
    with (project / "CMakeLists.txt").open("a") as file:
        file.write('file(GLOB texts "*.txt")\nlist(FILTER texts EXCLUDE REGEX CMakeLists)\n')
        file.write("install(FILES ${texts} DESTINATION .)\n")
    done = build(project)
    assert done.code == 1
    assert "'caf\\udce9.txt' cannot be in a wheel: its name is not UTF-8" in done.output
    assert left_in(desk / "out") == []


def test_file_of_an_sdist_whose_name_is_not_utf8(build, desk):
    project = make_project(desk / "project")
    (project / os.fsdecode(b"caf\xe9.txt")).write_text("")
    done = build(project, hook="build_sdist")
    assert (done.code, done.errors) == (1, 1)
    assert "caf" in done.output
    assert left_in(desk / "out") == []


@pytest.mark.parametrize("hook", HOOKS)
def test_project_behind_a_link(build, desk, is_sound, hook):
    make_project(desk / "real" / "project")
    (desk / "link").symlink_to("real", target_is_directory=True)
    assert is_sound(build(desk / "link" / "project", hook=hook))


def test_output_behind_a_link(build, desk, is_sound):
    (desk / "link").symlink_to("out", target_is_directory=True)
    assert is_sound(build(make_project(desk / "project"), desk / "link"))


def test_output_that_is_a_broken_link(build, desk):
    (desk / "link").symlink_to("nowhere", target_is_directory=True)
    done = build(make_project(desk / "project"), desk / "link")
    assert (done.code, done.errors) == (1, 1)
    assert f"{desk / 'link'} is not a directory" in done.output
    assert not (desk / "nowhere").exists()


# Names that differ in case alone.


@pytest.fixture
def clash(desk):
    files = [("pkg/Readme.txt", "one"), ("pkg/README.txt", "two"), ("pkg/__init__.py", "")]
    return Forge(desk).pack("pkg", files, tag="py3-none-any")


def test_names_that_differ_in_case_are_both_kept(repair, clash, desk):
    done = repair(clash)
    assert done.code == 0, done.output
    with zipfile.ZipFile(desk / "out" / clash.name) as archive:
        assert archive.read("pkg/Readme.txt") == b"one"
        assert archive.read("pkg/README.txt") == b"two"


def test_names_that_differ_in_case_are_noted(clash, desk, clean_environ):
    """PyPI takes them, and a linux system does; on macOS and Windows one overwrites the other."""
    command = [sys.executable, "-m", "felloe", "check", clash]
    done = run(command, environment(clean_environ), desk)
    assert done.code == 0, done.output
    assert "pkg/README.txt and pkg/Readme.txt differ in case alone" in done.output
