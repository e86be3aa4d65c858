"""What the tests build with zig, which is fetched once; each wheel is made once for all of them."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from support.paths import PROJECTS
from support.process import run
from support.stored import directory


@pytest.fixture(scope="session")
def zig_environ(clean_environ):
    """What makes felloe build with zig, in a cache that outlives the tests.

    Compiling the C++ library costs 45 CPU seconds for each target, once for each user.
    """
    cache = str(directory() / "felloe")
    return {**clean_environ, "FELLOE_TOOLCHAIN": "zig", "FELLOE_CACHE_DIR": cache}


@pytest.fixture(scope="session")
def stored_zig(once, zig_environ, environ):
    """zig in the cache, from where all builds take it: one isolated build has put it there."""

    def make(place):
        command = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", place)
        run(*command, PROJECTS / "frontend_tiny", env={**environ, **zig_environ}, cwd=place)

    (wheel,) = once("zig-isolated", make).glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def builder(once, make_venv):
    """An interpreter with all that the projects need but zig, and the newest CMake."""
    packages = ("felloe", "scikit-build-core", "pybind11>=3", "cmake>=4.1", "ninja")
    venv = once("zig-builder", lambda place: make_venv(place / "venv", sys.executable, *packages))
    return venv / "venv" / "bin" / "python"


@pytest.fixture(scope="session")
def zig_wheel(once, stored_zig, zig_environ, builder):
    """``zig_wheel(project, target, **settings)``: the wheel that zig makes of it, once."""
    assert stored_zig
    code = "import json, sys, felloe; felloe.build_wheel(sys.argv[1], json.loads(sys.argv[2]))"
    environ = {**zig_environ, "PATH": f"{builder.parent}{os.pathsep}{zig_environ['PATH']}"}

    def build(project, target, **settings):
        name = "-".join(("zig", project.name, target, *settings, *settings.values()))

        def make(place):
            config = json.dumps({"felloe.target": target, **settings})
            run(builder, "-c", code, place, config, env=environ, cwd=project)

        (wheel,) = once(re.sub(r"\W", "-", name), make).glob("*.whl")
        return wheel

    return build
