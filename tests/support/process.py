"""Run programs from tests."""

from __future__ import annotations

import subprocess

import pytest

DEBUG = {"SKBUILD_CMAKE_BUILD_TYPE": "Debug"}
"""Environment for builds whose tests do not depend on optimized code."""


def run(*command, cwd=None, env=None, check=True):
    """Run a program and return its result; a failure shows all that it printed."""
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
