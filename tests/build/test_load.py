"""Many builds at once on one cache: no corruption, no waiting for ever, the bytes of a build alone.

Few here; fifty projects and twenty builds of one project with ``-m slow``. Every build is an
isolated one of a real frontend, so environments are placed at once, and trees borrowed.
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from support.fault_samples import make_project
from support.process import run

from felloe.build.environment.distribution import hash_file
from felloe.build.environment.store import find_damage

pytestmark = pytest.mark.slow

LONGEST = 1200
"""Seconds until a build counts as waiting for ever."""
SOURCE = """\
#include <Python.h>

static PyMethodDef methods[] = {{NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "plain", "number %d", -1, methods};

PyMODINIT_FUNC PyInit_plain(void)
{
    return PyModule_Create(&definition);
}
"""


class Yard:
    """Projects, and builds of them."""

    def __init__(self, place, environ):
        self.place, self.cache = place, place / "cache"
        self._runs = 0
        # felloe's version stays while its content changes, and uv's cache goes by versions.
        self.environ = {**environ, "UV_CACHE_DIR": str(place / "uv"), "TMPDIR": str(place)}
        # There the engine waits longer for CMake's answer, before it requires another CMake.
        self.environ["CI"] = "true"

    def project(self, number):
        return make_project(self.place / f"project-{number}", {"plain.c": SOURCE % number})

    def alone(self, project):
        """The bytes of a wheel that is built with nothing kept, nothing beside it."""
        out = self.place / "alone" / project.name
        run(*self._command(project, out), env=self.environ, cwd=self.place)
        return wheel_in(out)

    def at_once(self, projects):
        """The wheels' bytes, and the outputs, of builds that run at the same time."""
        environ = {**self.environ, "FELLOE_CACHE": "1", "FELLOE_CACHE_DIR": str(self.cache)}
        builds = []
        self._runs += 1
        for number, project in enumerate(projects):
            out = self.place / f"run-{self._runs}" / str(number)
            out.mkdir(parents=True)
            with (out / "log").open("w") as log:
                command = [str(word) for word in self._command(project, out / "dist")]
                child = subprocess.Popen(
                    command, cwd=self.place, env=environ, stdout=log, stderr=subprocess.STDOUT
                )
            builds.append((child, out))
        deadline = time.monotonic() + LONGEST
        for child, out in builds:
            code = child.wait(timeout=max(deadline - time.monotonic(), 1))
            assert code == 0, (out / "log").read_text()
        return [wheel_in(out / "dist") for _, out in builds], [
            (out / "log").read_text() for _, out in builds
        ]

    def _command(self, project, out):
        return [sys.executable, "-m", "uv", "build", "--wheel", "-o", out, project]

    def check_cache(self):
        """One sound environment, no lock that is held, nothing unfinished."""
        root = self.cache / "v1"
        (environment,) = (root / "environments").iterdir()
        assert not find_damage(environment, hash_file)
        trees = list((root / "trees").iterdir())
        assert all((tree / "files.json").exists() for tree in trees)
        assert not [path for path in trees if (path / "in-use").exists()]
        return len(trees)


def wheel_in(directory):
    (wheel,) = directory.glob("*.whl")
    return wheel.read_bytes()


@pytest.fixture
def yard(tmp_path, environ):
    return Yard(tmp_path, environ)


@pytest.mark.parametrize("count", [5, pytest.param(50, marks=pytest.mark.exhaustive)])
def test_builds_of_different_projects(yard, count):
    projects = [yard.project(number) for number in range(count)]
    alone = [yard.alone(project) for project in projects]
    assert len(set(alone)) == count, "the projects are not different"
    made, logs = yard.at_once(projects)
    assert made == alone
    assert yard.check_cache() == count
    assert not [log for log in logs if "felloe: note" in log]


@pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_builds_of_one_project(yard, count):
    """One has the tree; the others do not wait for it."""
    project = yard.project(0)
    alone = yard.alone(project)
    for _ in range(2):
        made, _ = yard.at_once([project] * count)
        assert set(made) == {alone}
        assert yard.check_cache() == 1
