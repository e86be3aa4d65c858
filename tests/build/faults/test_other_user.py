"""Builds by a user without a name, and caches of another user."""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from support.fault_samples import (
    AS_STRANGER,
    STRANGER,
    left_in,
    make_project,
)

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

    @pytest.mark.tools("zig")
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
