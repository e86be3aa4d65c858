"""The engine is whichever version the project asks for."""

# ruff: noqa: PLR0913, PLR0917 - what a test needs are its arguments

from __future__ import annotations

import tarfile
import zipfile

import pytest
from support.process import run

pytestmark = pytest.mark.network

WORKING = ("==0.10.7", "==0.11.6", "==0.12.2", "==1.0.3", "")


@pytest.fixture
def venv_with(make_venv, environ, tmp_path):
    """An interpreter that has felloe, and exactly these packages beside it."""

    def make(*packages):
        python = make_venv(tmp_path / "venv", "3.11", *packages)
        alone = ("--no-deps", "--no-index", "--refresh-package", "felloe")
        run("uv", "pip", "install", "-q", *alone, "--python", python, "felloe", env=environ)
        return python

    return make


@pytest.mark.parametrize("version", WORKING)
def test_every_hook_works_with(version, venv_with, hook, copy_project, answer_of, tmp_path):
    python, project = venv_with(f"scikit-build-core{version}"), copy_project("frontend_tiny")
    prepared, out = tmp_path / "prepared", tmp_path / "out"
    prepared.mkdir()
    out.mkdir()
    shown = run(python, "-c", "import scikit_build_core as s; print(s.__version__)").stdout.strip()
    assert version in ("", f"=={shown}")

    def call(name, *arguments):
        return hook(project, name, *arguments, python=python)

    assert isinstance(call("get_requires_for_build_wheel").value, list)
    dist_info = call("prepare_metadata_for_build_wheel", prepared).value
    made = call("build_wheel", out, {"cmake.define.ANSWER": "5"}, prepared / dist_info)
    assert f"scikit-build-core {shown}" in made.output
    assert answer_of(out / made.value) == 5
    with zipfile.ZipFile(out / made.value) as wheel:
        metadata = wheel.read(f"{dist_info}/METADATA")
    assert metadata == (prepared / dist_info / "METADATA").read_bytes()

    sdist = out / call("build_sdist", out).value
    assert sdist.name == "frontend_tiny-1.2.3.tar.gz"
    with tarfile.open(sdist) as archive:
        assert "frontend_tiny-1.2.3/tiny.c" in archive.getnames()
    assert call("build_editable", out).value.startswith("frontend_tiny-1.2.3-cp311-cp311-")


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("scikit-build-core==0.9.10", "scikit-build-core 0.9.10 is too old for felloe"),
        ("packaging", "scikit-build-core is not installed"),
    ],
)
def test_is_refused(package, message, venv_with, hook, copy_project, tmp_path):
    python, project = venv_with(package), copy_project("frontend_tiny")
    for name, arguments in (
        ("get_requires_for_build_wheel", ()),
        ("prepare_metadata_for_build_wheel", (tmp_path,)),
        ("build_wheel", (tmp_path,)),
        ("build_sdist", (tmp_path,)),
    ):
        done = hook(project, name, *arguments, python=python, check=False)
        assert done.exit_code == 1
        assert f"felloe: error: {message}" in done.output
        assert 'hint: add "scikit-build-core>=0.10" to [build-system] requires' in done.output
        assert "Traceback" not in done.output
    assert not list(tmp_path.glob("*.whl"))
