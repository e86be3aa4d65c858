"""Find the CPython versions that felloe supports."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.process import run

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# The oldest and the newest show what the three between them repeat.
EACH_VERSION = [
    version
    if version in (VERSIONS[0], VERSIONS[-1])
    else pytest.param(version, marks=pytest.mark.exhaustive)
    for version in VERSIONS
]


def find_python(version):
    """Return the interpreter of a version, wherever it is installed, or None."""
    # pyenv's shims refuse to start a version that is not selected, so name the versions themselves.
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    words = [word for word in os.environ["PATH"].split(os.pathsep) if not word.endswith("/shims")]
    environ = {**os.environ, "PATH": os.pathsep.join([*sorted(map(str, installed)), *words])}
    command = ("uv", "python", "find", "--no-project", "--system", version)
    found = run(*command, env=environ, check=False)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def need_python(version):
    """Return the interpreter of a version; fail the test if there is none."""
    found = find_python(version)
    if found is None:
        pytest.fail(f"CPython {version} is missing: uv python install {version}", pytrace=False)
    return found
