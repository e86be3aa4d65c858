"""What every test may ask for: felloe's own wheel, interpreters, a way to build."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import cmake
import pytest
from support.compiled_samples import Workshop
from support.interpreters import EACH_VERSION, need_python
from support.paths import EXAMPLES, PROJECTS, ROOT
from support.process import run

pytest_plugins = ["support.tiers", "support.zig_builds", "support.zig_wheels"]


def _once(tmp_path_factory, worker_id, name, make):
    """A directory that the first test process makes and the others wait for."""
    base = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        base = base.parent
    place = base / name
    lock = base / f"{name}.lock"
    from filelock import FileLock

    with FileLock(lock):
        if not place.exists():
            part = base / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(place)
    return place


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory, worker_id):
    """A directory that holds the wheel of this checkout's felloe."""

    def make(place):
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", place, ROOT)

    return _once(tmp_path_factory, worker_id, "wheelhouse", make)


@pytest.fixture(scope="session")
def clean_environ():
    """The environment without what would steer a build, and with a CMake that is a program.

    Where a wheel brought it, the one on the path is a script, which costs a third of a small build.
    """
    steering = ("FELLOE_", "SKBUILD_", "AUDITWHEEL_", "CMAKE_", "PIP_", "UV_", "_PYTHON")
    kept = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "PIP_TRUSTED_HOST")
    kept += ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CONFIG_FILE", "PIP_CERT")
    # Every build is from nothing, except in the tests of what is kept.
    mine = {
        key: value
        for key, value in os.environ.items()
        if (key in kept or not key.startswith(steering)) and key != "SOURCE_DATE_EPOCH"
    }
    path = f"{cmake.CMAKE_BIN_DIR}{os.pathsep}{os.environ['PATH']}"
    return {**mine, "FELLOE_CACHE": "0", "FELLOE_COMPILER_LAUNCHER": "none", "PATH": path}


@pytest.fixture(scope="session")
def environ(wheelhouse, clean_environ):
    """An environment in which pip, build and uv find this checkout's felloe."""
    return {
        **clean_environ,
        "PIP_FIND_LINKS": str(wheelhouse),
        "UV_FIND_LINKS": str(wheelhouse),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


@pytest.fixture(scope="session")
def bare_environ(environ):
    """The same without that CMake: an isolated build fetches one, which is most of it."""
    return {**environ, "PATH": os.environ["PATH"]}


@pytest.fixture(scope="session", params=EACH_VERSION)
def python(request):
    """Each supported interpreter. One that is missing fails, for then nothing was shown."""
    return need_python(request.param)


@pytest.fixture
def audit_json():
    """``felloe audit --json`` on a wheel, as values."""

    def audit(wheel):
        done = run(sys.executable, "-m", "felloe", "audit", "--json", wheel, check=False)
        return json.loads(done.stdout)

    return audit


@pytest.fixture
def pip_wheel(environ, tmp_path):
    """``pip wheel`` a project in isolation; answers the one wheel."""

    def build(project, *options, python=sys.executable, env=None, out="dist"):
        place = tmp_path / out
        command = [python, "-m", "pip", "wheel", "--no-deps", "-w", place, *options, project]
        run(*command, env={**environ, **(env or {})}, cwd=tmp_path)
        (wheel,) = place.glob("*.whl")
        return wheel

    return build


@pytest.fixture(scope="session")
def once(tmp_path_factory, worker_id):
    """``once(name, make)``: a directory that all test processes share, filled by the first."""
    return functools.partial(_once, tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def make_venv(environ):
    """A virtual environment with packages, this checkout's felloe among them if asked for."""

    def make(place, python, *packages):
        run("uv", "venv", "-q", "--python", python, place, env=environ)
        venv_python = place / "bin" / "python"
        if packages:
            fresh = ("--refresh-package", "felloe")  # its version stays, its content does not
            install = ("uv", "pip", "install", "-q", *fresh, "--python", venv_python)
            run(*install, *packages, env=environ)
        return venv_python

    return make


@pytest.fixture(scope="session")
def engine_python():
    """The interpreter of the tests, which has felloe, the engine, pip and build."""
    return Path(sys.executable)


class Answer(NamedTuple):
    """What a hook did in its process."""

    exit_code: int
    output: str
    """Both streams."""
    value: object
    """What it returned; None if it failed."""


_CALL_HOOK = """
import json, sys, felloe
hook, arguments, place = json.loads(sys.argv[1])
value = getattr(felloe, hook)(*arguments)
open(place, "w").write(json.dumps(value))
"""


@pytest.fixture
def hook(engine_python, clean_environ, tmp_path):
    """Call a hook of felloe in a process of its own, in the project's directory."""

    def call(project, name, *arguments, python=engine_python, env=None, check=True):
        place = tmp_path / "answer.json"
        place.unlink(missing_ok=True)
        request = json.dumps([name, arguments, str(place)], default=str)
        environ = {**clean_environ, **(env or {})}
        command = (python, "-c", _CALL_HOOK, request)
        done = run(*command, cwd=project, env=environ, check=check)
        value = json.loads(place.read_text()) if place.exists() else None
        return Answer(done.returncode, done.stdout, value)

    return call


@pytest.fixture
def copy_project(tmp_path):
    """A copy of one of tests/projects that a test may change; texts replace whole files."""

    def copy(name, files=None, to="project"):
        place = tmp_path / to
        shutil.copytree(PROJECTS / name, place)
        for path, text in (files or {}).items():
            (place / path).write_text(text)
        return place

    return copy


@pytest.fixture
def answer_of(engine_python, tmp_path):
    """Unpack a wheel of frontend_tiny and ask its module."""

    def ask(wheel, python=engine_python):
        place = tmp_path / "unpacked"
        shutil.rmtree(place, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        code = "import frontend_tiny; print(frontend_tiny.answer())"
        return int(run(python, "-c", code, env={**os.environ, "PYTHONPATH": str(place)}).stdout)

    return ask


@pytest.fixture(scope="session")
def example_wheel(once, environ):
    """``pip wheel`` one of the examples with an interpreter, in isolation, once."""
    identify = "import sys; print('cp%d%d' % sys.version_info[:2], sys.base_prefix)"

    def build(example, python):
        tag, prefix = run(python, "-c", identify).stdout.split(maxsplit=1)

        def make(place):
            options = ("--no-deps", "-w", place)
            run(python, "-m", "pip", "wheel", *options, EXAMPLES / example, env=environ, cwd=place)

        name = f"{example}-{tag}-{hashlib.sha256(prefix.encode()).hexdigest()[:8]}"
        (wheel,) = once(name, make).glob("*.whl")
        return wheel

    return build


@pytest.fixture(scope="session")
def workshop(tmp_path_factory, worker_id):
    """Where specimens are compiled, one place for all test processes."""
    base = tmp_path_factory.getbasetemp()
    return Workshop((base if worker_id == "master" else base.parent) / "specimens")


@pytest.fixture(scope="session")
def newton_prefix(once):
    """Where the C++ library is installed as a shared one, as its README says."""

    def make(place):
        options = ("-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON", "-DNEWTON_TESTS=OFF")
        run("cmake", "-S", ROOT, "-B", place / "build", *options)
        run("cmake", "--build", place / "build")
        run("cmake", "--install", place / "build", "--prefix", place / "prefix")

    return once("newton-shared-library", make) / "prefix"
