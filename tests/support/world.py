"""Where things are, which interpreters there are, and how the tests run programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PROJECTS = ROOT / "tests" / "projects"
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# The oldest and the newest show what the three between them repeat.
EACH_VERSION = [
    version
    if version in (VERSIONS[0], VERSIONS[-1])
    else pytest.param(version, marks=pytest.mark.slow)
    for version in VERSIONS
]

DEBUG = {"SKBUILD_CMAKE_BUILD_TYPE": "Debug"}
"""For builds of which is asked what is compiled and what it does, not how well."""


def run(*command, cwd=None, env=None, check=True):
    """Run a program; a failure shows all that it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        check=False,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode:
        pytest.fail(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}")
    return done


def find_python(version):
    """The interpreter of a version, wherever it is installed; None if nowhere."""
    # pyenv's shims refuse to start a version that is not selected, so name the versions themselves.
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    words = [word for word in os.environ["PATH"].split(os.pathsep) if not word.endswith("/shims")]
    environ = {**os.environ, "PATH": os.pathsep.join([*sorted(map(str, installed)), *words])}
    command = ("uv", "python", "find", "--no-project", "--system", version)
    found = run(*command, env=environ, check=False)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def validate(document, schema):
    """Hold a JSON document against a schema."""
    import jsonschema  # takes seconds, where all that it can check is installed

    jsonschema.validate(document, schema)
