"""What ``felloe check`` passes, a real index takes: uploaded with twine, installed back.

Starts pypiserver on the loopback device. PyPI's own rules are in tests/cases/test_check.py.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from world import PROJECTS, run

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
    upload = (
        "twine",
        "upload",
        "--non-interactive",
        "--disable-progress-bar",
        "-u",
        "x",
        "-p",
        "x",
    )
    run(
        sys.executable,
        "-m",
        *upload,
        "--repository-url",
        f"{server}/",
        *dists,
        env={**environ, **LOOPBACK},
    )
    # Nothing but that index: no other place to find the package in.
    alone = {
        key: value for key, value in clean_environ.items() if not key.startswith(("PIP", "UV"))
    }
    alone.update(LOOPBACK, PIP_CONFIG_FILE="/dev/null")
    index = ("--index-url", f"{server}/simple/", "--no-cache", "--pre", "felloe-index-tiny")
    for number, install in enumerate((install_by_pip, install_by_uv)):
        place = tmp_path / f"venv{number}"
        run("uv", "venv", "-q", "--python", sys.executable, place, env=clean_environ)
        install(place / "bin" / "python", index, alone)
        code = "import frontend_tiny; print(frontend_tiny.answer())"
        assert run(place / "bin" / "python", "-I", "-c", code).stdout.strip().isdigit()
        assert (place / "bin" / "felloe-index-tiny").exists()


def install_by_pip(python, index, environ):
    words = ("--disable-pip-version-check", "--python", python, "install", "--no-cache-dir")
    index = [word for word in index if word != "--no-cache"]
    run(sys.executable, "-m", "pip", *words, "--only-binary", ":all:", *index, env=environ)


def install_by_uv(python, index, environ):
    index = [word for word in index if word != "--pre"]
    words = ("--prerelease", "allow", "--no-config", "--python", python)
    run("uv", "pip", "install", *words, *index, env=environ)
