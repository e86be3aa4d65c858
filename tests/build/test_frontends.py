"""Whoever calls the hooks, from wherever, gets the same bytes."""

from __future__ import annotations

import shutil
import sys
import zipfile

import pytest
from support.example_checks import copy_monorepo, listing
from support.paths import PROJECTS
from support.process import run

pytestmark = pytest.mark.network


@pytest.fixture(scope="session")
def wheel_of_pip(example_wheel):
    """What everything else is compared with."""
    return example_wheel("newton-basins", sys.executable)


@pytest.fixture
def build(environ, tmp_path):
    """Run a frontend on a project; answers the archives that it made, by suffix."""

    def call(project, *command, umask="022"):
        out = tmp_path / "dist"
        with_umask = ("sh", "-c", f'umask {umask} && exec "$@"', "sh")
        places = {"OUT": out, "PROJECT": project}
        words = [places.get(word, word) for word in command]
        before = listing(project)
        # CMake starts Python in the project, which compiles modules that lie there.
        quiet = {**environ, "PYTHONDONTWRITEBYTECODE": "1"}
        run(*with_umask, *words, env=quiet, cwd=tmp_path)
        assert listing(project) == before, "the build changed its source tree"
        return {path.suffix: path for path in out.iterdir()}

    return call


PIP = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "OUT", "PROJECT")
BUILD = (sys.executable, "-m", "build", "-o", "OUT")
UV = ("uv", "build", "--refresh-package", "felloe", "--python", sys.executable, "-o", "OUT")


def test_through_an_sdist_from_another_directory_under_another_umask(wheel_of_pip, build, tmp_path):
    """In a third directory, whose files nobody else may read."""
    project = copy_monorepo(tmp_path / "somewhere" / "else")
    for path in (tmp_path / "somewhere").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    made = build(project, *BUILD, "PROJECT", umask="077")
    assert set(made) == {".gz", ".whl"}
    assert_same(made[".whl"], wheel_of_pip)


TINY = PROJECTS / "frontend_tiny"


@pytest.fixture(scope="session")
def tiny_wheel_of_pip(once, environ):
    """The same of a project that compiles in a second."""

    def make(place):
        words = [{"OUT": place, "PROJECT": TINY}.get(word, word) for word in PIP]
        run(*words, env=environ, cwd=place)

    (wheel,) = once("frontend-tiny-by-pip", make).glob("*.whl")
    return wheel


@pytest.mark.parametrize("command", [UV, BUILD], ids=["uv", "build"])
def test_frontends_make_the_same_wheel_through_an_sdist(command, tiny_wheel_of_pip, build):
    made = build(TINY, *command, "PROJECT")
    assert set(made) >= {".gz", ".whl"}
    assert_same(made[".whl"], tiny_wheel_of_pip)


def test_pip_makes_it_in_another_directory(tiny_wheel_of_pip, build, tmp_path):
    project = shutil.copytree(TINY, tmp_path / "a" / "b")
    assert_same(build(project, *PIP, umask="027")[".whl"], tiny_wheel_of_pip)


TAKEN = ("felloe", "json", "packaging", "pathspec", "re", "scikit_build_core", "tomllib", "typing")


@pytest.mark.parametrize("command", [PIP, (*BUILD, "--wheel", "PROJECT")], ids=["pip", "build"])
def test_modules_of_the_project_are_not_taken_for_others(build, tmp_path, command):
    """A frontend calls the hooks in the project's directory, where any file may lie."""
    project = shutil.copytree(PROJECTS / "plain", tmp_path / "plain")
    for name in TAKEN:
        (project / f"{name}.py").write_text(f"raise SystemExit('this is not {name}')\n")
    assert set(build(project, *command)) == {".whl"}


def assert_same(wheel, other):
    """Say what differs before the bytes are compared."""
    assert wheel.name == other.name
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(other) as two:
        assert one.namelist() == two.namelist()
        assert [name for name in one.namelist() if one.read(name) != two.read(name)] == []
    assert wheel.read_bytes() == other.read_bytes()
