"""Wheels for old and other systems, made on this machine by zig, run on those systems."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from foreign.picture import compute, compute_bare
from foreign.systems import COMPILED, NAMES, system
from support.interpreters import need_python
from support.paths import EXAMPLES
from support.process import run

pytestmark = [pytest.mark.foreign, pytest.mark.network]

OLD = "manylinux_2_17_x86_64"


@pytest.fixture(scope="session")
def aimed_at(environ, zig_environ):
    """``aimed_at(target)``: the variables of an isolated build by zig."""
    return lambda target: {**environ, **zig_environ, "FELLOE_TARGET": target}


@pytest.fixture(scope="session")
def wheel_of(once, aimed_at, zig_wheel):
    """``wheel_of(example, version, target)``: ``pip wheel``, in isolation, for a platform.

    Without a version it is the one that other tests have made for that platform already.
    """

    def build(example, version, target):
        if not version:
            return zig_wheel(EXAMPLES / example, target)

        def make(place):
            words = ("-m", "pip", "wheel", "--no-deps", "-w", place, EXAMPLES / example)
            run(need_python(version), *words, env=aimed_at(target), cwd=place)

        (wheel,) = once(f"zig-{example}-{version}-{target}", make).glob("*.whl")
        return wheel

    return build


def platforms_of(wheel):
    return wheel.stem.rpartition("-")[2].split(".")


class Cell(NamedTuple):
    """A wheel, and where it is run."""

    system: str
    example: str
    version: str
    """Of the Python that builds it; for the stable ABI it may be any."""
    target: str


def cells():
    for name in filter(runs_old_abi3, NAMES):
        yield Cell(name, "newton-abi3", "", OLD)
    for name, version in (("bullseye", "3.9"), ("trixie", "3.13"), ("sid-3.13", "3.13")):
        yield Cell(name, "newton-basins", version, OLD)
    for example, version in (("newton-abi3", ""), ("newton-basins", "3.11")):
        yield Cell("arm64", example, version, "manylinux_2_17_aarch64")
    for example in ("newton-abi3", "newton-basins"):
        yield Cell("musl-x86_64", example, "3.13", "musllinux_1_2_x86_64")
        yield Cell("musl-aarch64", example, "3.13", "musllinux_1_2_aarch64")


def runs_old_abi3(name):
    """Whether a system takes the stable ABI of builds with the lock, on glibc and x86_64."""
    return name not in {"sid-pypy", "arm64", "s390x", *COMPILED}


def parameters():
    for cell in cells():
        marks = [pytest.mark.compiled] if cell.system in COMPILED else []
        if cell.example == "newton-basins" and cell.system != "bullseye":
            marks.append(
                pytest.mark.exhaustive
            )  # the other example shows the system, bullseye this one
        yield pytest.param(cell, id=f"{cell.system}-{cell.example}", marks=marks)


@pytest.mark.parametrize("cell", list(parameters()))
def test_it_computes_on(cell, wheel_of, installed, host_picture):
    wheel = wheel_of(cell.example, cell.version, cell.target)
    assert cell.target in platforms_of(wheel)
    there = system(cell.system)
    picture = compute(there, cell.example.replace("-", "_"), installed(wheel, there))
    assert picture == host_picture


@pytest.mark.compiled
def test_it_computes_on_the_oldest_musl_of_its_tag(wheel_of, installed, host_picture):
    wheel = wheel_of("newton-abi3", "3.13", "musllinux_1_2_x86_64")
    there = system("musl-1.2.3")
    assert compute_bare(there, installed(wheel, there)) == host_picture


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["sid-3.14", "sid-3.15"])
def test_a_new_python_builds_for_an_old_glibc(name, once, aimed_at, installed, host_picture):
    there = system(name)
    example = EXAMPLES / "newton-basins"
    place = once(f"zig-{name}", lambda place: there.build(example, place, aimed_at(OLD)))
    (wheel,) = place.glob("*.whl")
    tag = f"cp3{name[-2:]}"
    assert wheel.name.startswith(f"newton_basins-1.0.0-{tag}-{tag}-")
    assert OLD in platforms_of(wheel)
    assert compute(there, "newton_basins", installed(wheel, there)) == host_picture


@pytest.mark.exhaustive
def test_pypy_builds_for_an_old_glibc(once, aimed_at, installed, host_picture):
    there = system("sid-pypy")
    example = EXAMPLES / "newton-abi3"
    place = once("zig-sid-pypy", lambda place: there.build(example, place, aimed_at(OLD)))
    (wheel,) = place.glob("*.whl")
    assert re.match(r"newton_abi3-1\.0\.0-pp311-pypy311_pp\d+-", wheel.name)
    assert OLD in platforms_of(wheel)
    assert compute_bare(there, installed(wheel, there)) == host_picture


def test_the_wrong_system_refuses(wheel_of, tmp_path):
    """A wheel for arm64 is for arm64."""
    wheel = wheel_of("newton-abi3", "", "manylinux_2_17_aarch64")
    for name in ("trixie", "s390x"):
        done = system(name).install(wheel, tmp_path / name, check=False)
        assert "not a supported wheel" in done.stdout
