"""The examples, built and used with every supported Python."""

from __future__ import annotations

import os
import platform
import re

import pytest
from support.example_checks import (
    REFERENCE,
    assert_auditwheel_agrees,
    assert_felloe_agrees,
    assert_picture,
)
from support.interpreters import EACH_VERSION, need_python
from support.paths import EXAMPLES
from support.process import run

pytestmark = pytest.mark.network

MACHINE = platform.machine()


def tag_of(python):
    return run(python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])").stdout.strip()


@pytest.fixture
def basins(example_wheel, python):
    return example_wheel("newton-basins", python)


@pytest.fixture(scope="session")
def abi3(example_wheel):
    """One wheel, made with a Python in the middle."""
    return example_wheel("newton-abi3", need_python("3.11"))


def test_the_tags_are_proved(basins, python, audit_json):
    tag = tag_of(python)
    name = rf"newton_basins-1\.0\.0-{tag}-{tag}-manylinux_2_\d+_{MACHINE}\.whl"
    assert re.fullmatch(name, basins.name)
    assert_auditwheel_agrees(basins)
    assert_felloe_agrees(basins, audit_json)


def test_pip_installs_what_passes_its_own_tests(basins, python, make_venv, environ, tmp_path):
    venv = make_venv(tmp_path / "venv", python, "numpy", "pytest")
    run(python, "-m", "pip", "--python", venv, "install", "--no-index", basins, env=environ)
    tests = EXAMPLES / "newton-basins" / "tests"
    # Neither this repository's configuration nor a cache beside the example.
    options = ("-q", "-c", os.devnull, "--rootdir", tmp_path, "-p", "no:cacheprovider")
    alone = {**environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = run(venv, "-m", "pytest", *options, tests, cwd=tmp_path, env=alone)
    assert re.search(r"[1-9]\d* passed", done.stdout)
    assert "skipped" not in done.stdout


def test_uv_installs_what_draws_the_right_picture(basins, python, make_venv, tmp_path):
    venv = make_venv(tmp_path / "venv", python, basins)
    run(venv, "-c", REFERENCE, "newton_basins", cwd=tmp_path)
    picture = tmp_path / "basins.png"
    run(venv.with_name("newton-basins"), picture, "--size", "160x120", cwd=tmp_path)
    assert_picture(picture.read_bytes(), width=160, height=120)


def test_one_abi3_wheel_is_proved(abi3, audit_json):
    assert re.fullmatch(rf"newton_abi3-1\.0\.0-cp39-abi3-manylinux_2_\d+_{MACHINE}\.whl", abi3.name)
    assert_auditwheel_agrees(abi3)
    assert_felloe_agrees(abi3, audit_json)


@pytest.mark.parametrize("version", EACH_VERSION)
def test_one_abi3_wheel_computes_on(version, abi3, make_venv, tmp_path):
    venv = make_venv(tmp_path / "venv", need_python(version), abi3)
    run(venv, "-c", REFERENCE, "newton_abi3", cwd=tmp_path)
