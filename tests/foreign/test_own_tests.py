"""felloe's own unit tests under Pythons newer than those it is developed with."""

from __future__ import annotations

import os
import re

import pytest
from foreign.systems import system
from support.paths import ROOT
from support.process import run

pytestmark = [pytest.mark.foreign, pytest.mark.network, pytest.mark.exhaustive]

# It holds felloe's search for libraries against this machine's loader, and asks that one through
# ctypes: these interpreters start with another.
OF_THIS_LOADER = "test_libraries_of_this_system_are_found_where_its_loader_finds_them"

# A quarter of the time, and the same under every Python.
NO_MATTER_OF_PYTHON = ("test_ci_files", "any_sequence_of_edits", "many_members")


@pytest.mark.parametrize("name", ["sid-3.14", "sid-3.15"])
def test_unit_tests_pass_under(name, make_venv, environ, tmp_path):
    there = system(name)
    python = make_venv(tmp_path / "venv", there.launcher[0], "felloe")
    install = ("uv", "pip", "install", "-q", "--python", python, "--group", "test")
    steered = {**environ, "CPATH": str(there.headers())}
    run(*install, cwd=ROOT, env=steered)
    alone = {key: value for key, value in steered.items() if key != "PYTHONPATH"}
    path = f"{python.parent}{os.pathsep}{environ['PATH']}"
    chosen = " and ".join(f"not {word}" for word in (OF_THIS_LOADER, *NO_MATTER_OF_PYTHON))
    words = (
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        chosen,
        "tests",
        "-m",
        "not network and not foreign and not slow",
    )
    done = run(python, "-m", "pytest", *words, cwd=ROOT, env={**alone, "PATH": path})
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) > 1000
