"""Isolated builds share one environment that stays, whichever frontend makes theirs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.paths import ROOT
from support.process import DEBUG, run

from felloe.build.environment.distribution import hash_file
from felloe.build.environment.store import find_damage

ALL = ["_core", "basins", "kernel", "polynomial", "roots"]
FRONTENDS = {
    "pip": ("-m", "pip", "wheel", "-v", "--no-deps", "-w"),
    "build": ("-m", "build", "--wheel", "-o"),
    "uv": ("-m", "uv", "build", "--wheel", "-o"),
}


class Desk:
    """A copy of a project, isolated builds of it, and a cache of its own."""

    def __init__(self, place, environ, files, project):
        self.place, self.cache = place, place / "cache"
        kept = {"FELLOE_CACHE": "1", "FELLOE_CACHE_DIR": str(self.cache)}
        self.environ = {**environ, **DEBUG, **kept}
        # felloe's version stays while its content changes, and uv's cache goes by versions.
        self.environ["UV_CACHE_DIR"] = str(place / "uv")
        # uv sets it, and a generator that prints could read it: it selects another tree.
        self.environ["PYTHONIOENCODING"] = "utf-8:backslashreplace"
        self.environ.pop("PYTHONPATH", None)  # a part of the key, and uv passes it on
        # The cmake script of this environment fails in pip's isolation: pip alone would fetch one.
        own = str(Path(sys.executable).parent)
        places = (place for place in self.environ["PATH"].split(os.pathsep) if place != own)
        self.environ["PATH"] = os.pathsep.join(places)
        for name in files:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, place / "source" / name)
        self.project = place / "source" / project

    def command(self, frontend):
        return [sys.executable, *FRONTENDS[frontend], str(self.place / "dist"), str(self.project)]

    def build(self, frontend="uv", env=None):
        """Build a wheel; what was compiled. The wheel and the output are kept."""
        shutil.rmtree(self.place / "dist", ignore_errors=True)
        done = run(*self.command(frontend), env={**self.environ, **(env or {})}, cwd=self.place)
        (self.wheel,) = (self.place / "dist").glob("*.whl")
        self.output = done.stdout
        return compiled_in(done.stdout)

    @property
    def environments(self):
        return sorted((self.cache / "v1" / "environments").glob("[0-9a-f]*"))


def compiled_in(output):
    return sorted(re.findall(r"Building C(?:XX)? object \S*/(\w+)\.c(?:pp)?\.o", output))


@pytest.fixture
def desk(tmp_path, environ):
    """The example, with the library that it packages."""
    project = "examples/newton-basins"
    return Desk(tmp_path, environ, ("CMakeLists.txt", "LICENSE", "cpp", project), project)


def set_up_small(place, environ):
    """One module in C: for what does not depend on what is built."""
    project = "tests/projects/frontend_tiny"
    return Desk(place, environ, [project], project)


@pytest.fixture
def small(tmp_path, environ):
    return set_up_small(tmp_path, environ)


def test_second_builds_compile_nothing(tmp_path, bare_environ):
    """With any frontend after any other, each with a CMake it fetched: contents and paths agree."""
    small = set_up_small(tmp_path, bare_environ)
    assert small.build("pip") == ["tiny"]
    first = small.wheel.read_bytes()
    for frontend in FRONTENDS:
        assert small.build(frontend) == []
        assert "nothing has changed since the last build" in small.output
        assert small.wheel.read_bytes() == first
        assert "felloe: note" not in small.output
    assert len(small.environments) == 1
    assert not find_damage(small.environments[0], hash_file)
    shutil.rmtree(small.cache / "v1" / "trees")
    assert small.build("uv") == ["tiny"]
    assert small.wheel.read_bytes() == first


def test_what_changed_is_compiled(desk):
    assert desk.build("pip") == ALL
    with (desk.project.parents[1] / "cpp" / "src" / "roots.cpp").open("a") as file:
        file.write("// one more line\n")
    assert desk.build("build") == ["roots"]
    (header,) = (desk.project.parents[1] / "cpp").rglob("kernel.hpp")
    with header.open("a") as file:
        file.write("// one more line\n")
    assert desk.build("uv") == ["basins", "kernel"]
    warm = desk.wheel.read_bytes()
    shutil.rmtree(desk.cache / "v1" / "trees")
    assert desk.build() == ALL
    assert desk.wheel.read_bytes() == warm


def test_what_else_is_required_is_another_environment(small):
    small.build()
    requires = small.project / "pyproject.toml"
    text = requires.read_text()
    requires.write_text(text.replace("requires = [", 'requires = ["pybind11", '))
    assert requires.read_text() != text
    assert small.build() == ["tiny"]
    assert len(small.environments) == 2
    requires.write_text(text)
    assert small.build() == []  # back in the first


def test_warm_is_cold(small):
    assert small.build() == ["tiny"]
    first = small.wheel.read_bytes()
    assert small.build() == []
    assert small.wheel.read_bytes() == first
    shutil.rmtree(small.cache)
    assert small.build() == ["tiny"]
    assert small.wheel.read_bytes() == first


def test_poisoned_environment(small):
    small.build()
    (environment,) = small.environments
    (file,) = environment.glob("lib/*/site-packages/scikit_build_core/__init__.py")
    file.unlink()
    file.write_text("raise SystemExit('poisoned')\n")
    small.build()
    assert small.environments == [environment]
    assert not find_damage(environment, hash_file)


def test_programs_of_the_environment_work(small):
    """cmake and ninja from their wheels, in preference to the system's."""
    path = small.project / "pyproject.toml"
    text = path.read_text()
    path.write_text(text.replace("requires = [", 'requires = ["cmake", "ninja", '))
    assert small.build() == ["tiny"]
    (tree,) = (small.cache / "v1" / "trees").iterdir()
    cache = (tree / "build" / "CMakeCache.txt").read_text()
    (environment,) = small.environments
    assert re.search(rf"^CMAKE_COMMAND:INTERNAL={environment}/", cache, re.MULTILINE)
    assert re.search(rf"^CMAKE_MAKE_PROGRAM:\w+={environment}/", cache, re.MULTILINE)
    assert small.build("build") == []


def test_killed_while_the_environment_is_placed(small):
    process = subprocess.Popen(
        small.command("uv"),
        env=small.environ,
        cwd=small.place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list((small.cache / "v1" / "environments").glob(".new-*")):
        assert process.poll() is None
        time.sleep(0.0005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert small.build() == ["tiny"]
    (environment,) = small.environments
    assert not find_damage(environment, hash_file)
    assert small.build() == []


def test_a_full_disk_falls_back(small, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if run(
        "mount", "-t", "tmpfs", "-o", "size=66m,nr_inodes=60", "tmpfs", disk, check=False
    ).returncode:
        pytest.skip("mounting is not allowed")
    try:
        small.build(env={"FELLOE_CACHE_DIR": str(disk)})
        assert small.output.count("felloe: note") == 1
        note = f"the disk of {disk}/v1 is full; building without the cache"
        assert note in small.output
        assert [*(disk / "v1").glob("environments/*")] == []
    finally:
        run("umount", disk)


def test_an_sdist_is_built_in_the_environment_without_a_tree(small):
    run(
        *(sys.executable, "-m", "build", "-o", small.place / "dist", small.project),
        env=small.environ,
        cwd=small.place,
    )
    assert len(small.environments) == 1
    assert not list((small.cache / "v1").glob("trees/*"))
