"""What ``felloe check`` passes, a real index takes: uploaded with twine, installed back.

Starts pypiserver on the loopback device. PyPI's own rules are in tests/check/test_check.py.
The whole of a release, from a project to its users, is the last test; on every interpreter
from 3.9 to 3.13 it is marked slow.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from support.example_checks import REFERENCE, assert_picture
from support.interpreters import VERSIONS, need_python
from support.paths import EXAMPLES, PROJECTS
from support.process import run

pytestmark = pytest.mark.network

PYPROJECT = """
[build-system]
requires = ["felloe", "scikit-build-core>=1.0"]
build-backend = "felloe"

[project]
name = "Felloe.Index-Tiny"
version = "1.0.0rc1"
description = "Built, checked, uploaded and installed back"
readme = "README.md"
requires-python = ">=3.9"
license = "MIT OR Apache-2.0"
license-files = ["LICENSES/*"]
classifiers = ["Programming Language :: C"]
urls.Home = "https://example.org"
scripts.felloe-index-tiny = "frontend_tiny:main"

[tool.scikit-build]
wheel.packages = ["src/frontend_tiny"]
"""
LOOPBACK = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@pytest.fixture(scope="module")
def dists(once, environ):
    """The wheel and sdist of a project, through ``python -m build``."""

    def make(place):
        project = place / "project"
        shutil.copytree(PROJECTS / "frontend_tiny", project)
        (project / "pyproject.toml").write_text(PYPROJECT)
        (project / "README.md").write_text("# Tiny\n\nThe *answer*.\n")
        (project / "LICENSES").mkdir()
        for name in ("MIT.txt", "Apache-2.0.txt"):
            (project / "LICENSES" / name).write_text("Do as you like.\n")
        run(sys.executable, "-m", "build", "-o", place / "dist", project, env=environ)

    return sorted((once("index-dists", make) / "dist").iterdir())


@pytest.fixture
def server(tmp_path):
    """The address of an empty index on this machine."""
    place = tmp_path / "packages"
    place.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    open_to_all = ("-P", ".", "-a", ".", "--disable-fallback")
    command = (sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port))
    log = (tmp_path / "server.log").open("w")
    process = subprocess.Popen([*command, *open_to_all, place], stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def wait_for(address, process):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(100):
        assert process.poll() is None, "the index server ended"
        try:
            direct.open(f"{address}/simple/", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the index server does not answer")


def test_the_names_are_those_that_the_specifications_give(dists):
    wheel, sdist = (path.name for path in dists)
    assert sdist == "felloe_index_tiny-1.0.0rc1.tar.gz"
    assert wheel.startswith("felloe_index_tiny-1.0.0rc1-cp3")


def test_check_passes(dists, environ):
    done = run(sys.executable, "-m", "felloe", "check", "--json", *dists, env=environ, check=False)
    documents = list(map(json.loads, done.stdout.splitlines()))
    assert [document["problems"] for document in documents] == [[], []]
    assert done.returncode == 0


def test_twine_finds_nothing_either(dists, environ):
    run(sys.executable, "-m", "twine", "check", "--strict", *dists, env=environ)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="pypiserver 2.4 needs Python 3.10")
def test_the_index_takes_them_and_gives_them_back(dists, server, environ, clean_environ, tmp_path):
    upload(server, dists, environ)
    alone = without_other_indexes(clean_environ)
    index = ("--index-url", f"{server}/simple/", "--no-cache", "--pre", "felloe-index-tiny")
    for number, install in enumerate((install_by_pip, install_by_uv)):
        place = tmp_path / f"venv{number}"
        run("uv", "venv", "-q", "--python", sys.executable, place, env=clean_environ)
        install(place / "bin" / "python", index, alone)
        code = "import frontend_tiny; print(frontend_tiny.answer())"
        assert run(place / "bin" / "python", "-I", "-c", code).stdout.strip().isdigit()
        assert (place / "bin" / "felloe-index-tiny").exists()


def upload(server, paths, environ):
    words = ("--non-interactive", "--disable-progress-bar", "-u", "x", "-p", "x")
    where = ("--repository-url", f"{server}/")
    command = (sys.executable, "-m", "twine", "upload", *words, *where, *paths)
    run(*command, env={**environ, **LOOPBACK})


def without_other_indexes(environ):
    """So that there is no other place to find the package in."""
    alone = {key: value for key, value in environ.items() if not key.startswith(("PIP", "UV"))}
    return {**alone, **LOOPBACK, "PIP_CONFIG_FILE": "/dev/null"}


def install_by_pip(python, index, environ):
    words = ("--disable-pip-version-check", "--python", python, "install", "--no-cache-dir")
    index = [word for word in index if word != "--no-cache"]
    run(sys.executable, "-m", "pip", *words, "--only-binary", ":all:", *index, env=environ)


def install_by_uv(python, index, environ):
    index = [word for word in index if word != "--pre"]
    words = ("--prerelease", "allow", "--no-config", "--python", python)
    run("uv", "pip", "install", *words, *index, env=environ)


SOME = ("3.9",)


@pytest.fixture
def lonely_server(server, clean_environ):
    """The server, and an environment in which there is no other."""
    return server, without_other_indexes(clean_environ)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="pypiserver 2.4 needs Python 3.10")
@pytest.mark.parametrize(
    "versions", [SOME, pytest.param(VERSIONS, marks=pytest.mark.exhaustive)], ids=["some", "all"]
)
def test_a_release_reaches_its_users(versions, lonely_server, environ, make_venv, tmp_path):
    """felloe build, felloe check, twine upload, pip and uv install, the picture."""
    dist = tmp_path / "dist"
    felloe = (sys.executable, "-m", "felloe")
    words = ("build", EXAMPLES / "newton-basins", "-o", dist, "--python", *versions)
    run(*felloe, *words, env=environ)
    dists = sorted(path for path in dist.iterdir() if path.is_file())
    assert len(dists) == 1 + len(versions)
    run(*felloe, "check", *dists, env=environ)
    server, alone = lonely_server
    upload(server, dists, environ)
    pictures = set()
    for version in versions:
        python = need_python(version)
        for install in (install_newton_by_pip, install_newton_by_uv):
            place = tmp_path / f"{install.__name__}-{version}"
            venv = make_venv(place, python, "numpy")
            install(python, venv, f"{server}/simple/", alone)
            run(venv, "-c", REFERENCE, "newton_basins", cwd=tmp_path)
            picture = tmp_path / "basins.png"
            run(venv.with_name("newton-basins"), picture, "--size", "160x120", cwd=tmp_path)
            pictures.add(picture.read_bytes())
    (picture,) = pictures  # the same for all
    assert_picture(picture, width=160, height=120)


def install_newton_by_pip(python, venv, index, environ):
    """The interpreter's own pip: the newest has left the oldest Python behind."""
    words = ("--python", venv, "install", "--no-cache-dir", "--only-binary", ":all:")
    run(python, "-m", "pip", *words, "--index-url", index, "newton-basins", env=environ)


def install_newton_by_uv(_python, venv, index, environ):
    words = ("--no-config", "--no-cache", "--python", venv, "--only-binary", ":all:")
    run("uv", "pip", "install", *words, "--index-url", index, "newton-basins", env=environ)
