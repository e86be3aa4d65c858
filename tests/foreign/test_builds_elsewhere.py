"""felloe run by the newest Pythons and by PyPy: what they build, they run."""

from __future__ import annotations

import re

import pytest
from foreign.picture import compute, compute_bare
from foreign.systems import system
from support.paths import EXAMPLES, PROJECTS
from support.process import DEBUG, run

pytestmark = [pytest.mark.foreign, pytest.mark.network]


@pytest.fixture(scope="session")
def built(once, environ):
    """``built(project, name)``: the wheel that a system's Python makes of a project."""

    def build(project, name):
        def make(place):
            system(name).build(project, place, {**environ, **DEBUG})

        (wheel,) = once(f"built-{project.name}-{name}", make).glob("*.whl")
        return wheel

    return build


@pytest.mark.parametrize(
    "name", [pytest.param("sid-3.14", marks=pytest.mark.exhaustive), "sid-3.15"]
)
def test_a_wheel_for_a_new_python(name, built, installed, host_picture):
    wheel = built(EXAMPLES / "newton-basins", name)
    tag = f"cp3{name[-2:]}"
    assert re.fullmatch(
        rf"newton_basins-1\.0\.0-{tag}-{tag}-manylinux_2_\d+_x86_64\.whl", wheel.name
    )
    picture = compute(system(name), "newton_basins", installed(wheel, system(name)))
    assert picture == host_picture


def test_an_abi3_wheel_made_by_the_newest_python(built, installed, host_picture):
    """cp39-abi3, from headers of 3.15: older Pythons run it."""
    wheel = built(EXAMPLES / "newton-abi3", "sid-3.15")
    assert re.fullmatch(r"newton_abi3-1\.0\.0-cp39-abi3-manylinux_2_\d+_x86_64\.whl", wheel.name)
    for name in ("here", "trixie", "sid-3.15"):
        assert compute(system(name), "newton_abi3", installed(wheel, system(name))) == host_picture


@pytest.mark.exhaustive
def test_pypy_gets_a_wheel_of_its_own(built, installed, host_picture):
    """PyPy has no stable ABI: the same project gives a module for this PyPy, and no other."""
    wheel = built(EXAMPLES / "newton-abi3", "sid-pypy")
    assert re.fullmatch(
        r"newton_abi3-1\.0\.0-pp311-pypy311_pp\d+-manylinux_2_\d+_x86_64\.whl", wheel.name
    )
    site = installed(wheel, system("sid-pypy"))
    assert compute_bare(system("sid-pypy"), site) == host_picture


ANSWER = "import threaded; answer = [threaded.__file__, threaded.answer()]"


def test_one_wheel_with_and_without_the_gil(built, installed, audit_json, tmp_path):
    """PEP 803: made by an interpreter that has the GIL, for those that do not as well."""
    wheel = built(PROJECTS / "stable-threaded", "sid-3.15")
    assert re.fullmatch(r"threaded-1\.0-cp315-abi3\.abi3t-manylinux\S+_x86_64\.whl", wheel.name)
    assert audit_json(wheel)["passed"] is True
    site = installed(wheel, system("sid-3.15"))
    path, answer = system("sid-3.15").ask(ANSWER, path=(site,))
    assert path.endswith("/threaded.abi3t.so")
    assert answer == 42
    symbols = run("nm", "-D", "--defined-only", path).stdout
    assert "PyModExport_threaded" in symbols
    assert "PyInit_" not in symbols
    done = system("sid-3.14").install(wheel, tmp_path, check=False)
    assert "not a supported wheel" in done.stdout
