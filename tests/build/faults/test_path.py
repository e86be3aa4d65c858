"""Builds and repairs with odd names of files and directories."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile

import pytest
from support.fault_samples import (
    HOOKS,
    environment,
    left_in,
    make_project,
    run,
)
from support.graft_samples import Forge

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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("hook", HOOKS)
def test_project_behind_a_link(build, desk, is_sound, hook):
    make_project(desk / "real" / "project")
    (desk / "link").symlink_to("real", target_is_directory=True)
    assert is_sound(build(desk / "link" / "project", hook=hook))


@pytest.mark.slow
def test_output_behind_a_link(build, desk, is_sound):
    (desk / "link").symlink_to("out", target_is_directory=True)
    assert is_sound(build(make_project(desk / "project"), desk / "link"))


def test_output_that_is_a_broken_link(build, desk):
    (desk / "link").symlink_to("nowhere", target_is_directory=True)
    done = build(make_project(desk / "project"), desk / "link")
    assert (done.code, done.errors) == (1, 1)
    assert f"{desk / 'link'} is not a directory" in done.output
    assert not (desk / "nowhere").exists()


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
    assert "pkg/README.txt and pkg/Readme.txt are one file on macOS and Windows" in done.output
