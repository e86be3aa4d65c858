"""A CPython without the GIL: what it must refuse, and what is built for it."""

from __future__ import annotations

import re

import pytest
from foreign.picture import compute
from foreign.systems import system
from support.paths import EXAMPLES, PROJECTS

pytestmark = [pytest.mark.foreign, pytest.mark.compiled, pytest.mark.network]

NAME = "free-threaded"


def test_it_runs_without_the_lock():
    ask = (
        "import sys, sysconfig; answer = [sys._is_gil_enabled(), sysconfig.get_config_var('SOABI')]"
    )
    assert system(NAME).ask(ask) == [False, "cpython-313t-x86_64-linux-gnu"]


@pytest.mark.parametrize("example", ["newton-abi3", "newton-basins"])
def test_wheels_for_builds_with_the_lock_are_refused(example, host_wheel, tmp_path):
    """The stable ABI shows what an object looks like, and here it looks different."""
    wheel = host_wheel(example, "3.13")
    assert not {f"{tag}" for tag in system(NAME).tags() if "-abi3-" in tag}
    done = system(NAME).install(wheel, tmp_path, check=False)
    assert done.returncode != 0
    assert "not a supported wheel" in done.stdout


@pytest.fixture(scope="module", params=["newton-basins", "newton-abi3"])
def built(request, once, environ):
    """Built by it; where it has no stable ABI, newton-abi3 becomes an ordinary module."""

    def make(place):
        system(NAME).build(EXAMPLES / request.param, place, environ)

    (wheel,) = once(f"free-threaded-{request.param}", make).glob("*.whl")
    return wheel


def test_a_wheel_of_its_own(built, installed, host_picture, audit_json):
    assert re.fullmatch(r"newton_\w+-1\.0\.0-cp313-cp313t-manylinux_2_\d+_x86_64\.whl", built.name)
    assert audit_json(built)["passed"] is True
    module = built.name.partition("-")[0]
    assert compute(system(NAME), module, installed(built, system(NAME))) == host_picture


def test_its_wheels_are_refused_by_a_build_with_the_lock(built, tmp_path):
    done = system("trixie").install(built, tmp_path, check=False)
    assert done.returncode != 0
    assert "not a supported wheel" in done.stdout


def test_an_abi3t_wheel_is_for_later_ones(once, environ, tmp_path):
    def make(place):
        system("sid-3.15").build(PROJECTS / "stable-threaded", place, environ)

    (wheel,) = once("built-stable-threaded-sid-3.15", make).glob("*.whl")
    done = system(NAME).install(wheel, tmp_path, check=False)
    assert done.returncode != 0
    assert "not a supported wheel" in done.stdout
