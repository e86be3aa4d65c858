"""Editable installs, through the engine's modes."""

# ruff: noqa: PLR0913, PLR0917 - what a test needs are its arguments

from __future__ import annotations

import zipfile

import pytest
from support.process import run

pytestmark = pytest.mark.network

CODE = "import frontend_tiny as t; print(t.GREETING, t.answer())"


@pytest.mark.parametrize(
    ("frontend", "mode", "isolated"),
    [
        ("pip", "redirect", True),
        ("pip", "inplace", False),
        ("uv", "redirect", False),
        ("uv", "inplace", True),
    ],
)
def test_an_edit_is_seen(frontend, mode, isolated, copy_project, make_venv, environ, tmp_path):
    project = copy_project("frontend_tiny")
    built_with = () if isolated else ("felloe", "scikit-build-core")
    python = make_venv(tmp_path / "venv", "3.11", "pip", *built_with)
    install = {
        "pip": (python, "-m", "pip", "install", "--no-deps"),
        "uv": ("uv", "pip", "install", "--python", python, "--refresh-package", "felloe"),
    }[frontend]
    options = () if isolated else ("--no-build-isolation",)
    config = ("-C", f"editable.mode={mode}", "-C", "cmake.define.ANSWER=3")
    config += ("-C", f"cmake.define.INPLACE={'ON' if mode == 'inplace' else 'OFF'}")
    run(*install, *options, *config, "-e", project, env=environ, cwd=tmp_path)
    assert run(python, "-c", CODE, cwd=tmp_path).stdout == "hello 3\n"
    assert bool(list(project.glob("src/frontend_tiny/_tiny.*.so"))) is (mode == "inplace")

    module = project / "src" / "frontend_tiny" / "__init__.py"
    module.write_text(module.read_text().replace("hello", "edited"))
    assert run(python, "-c", CODE, cwd=tmp_path).stdout == "edited 3\n"
    script = python.with_name("frontend-tiny")
    assert run(script, cwd=tmp_path).stdout == "edited 3\n"

    run(python, "-m", "pip", "uninstall", "-y", "frontend-tiny")
    assert run(python, "-c", CODE, cwd=tmp_path, check=False).returncode


def test_metadata_is_what_the_editable_wheel_has(copy_project, hook, tmp_path):
    project = copy_project("frontend_tiny")
    prepared, out = tmp_path / "prepared", tmp_path / "out"
    prepared.mkdir()
    out.mkdir()
    dist_info = hook(project, "prepare_metadata_for_build_editable", prepared).value
    arguments = (out, None, prepared / dist_info)
    wheel = out / hook(project, "build_editable", *arguments).value
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{dist_info}/METADATA")
        names = archive.namelist()
        tags = archive.read(f"{dist_info}/WHEEL").decode()
    assert metadata == (prepared / dist_info / "METADATA").read_bytes()
    assert names[-1] == f"{dist_info}/RECORD"
    assert any(name.endswith(".pth") for name in names)
    assert "Generator: felloe " in tags
    # It is for this machine only, and says so.
    assert "manylinux" not in wheel.name
    assert f"Tag: {'-'.join(wheel.stem.split('-')[2:])}\n" in tags
    assert isinstance(hook(project, "get_requires_for_build_editable").value, list)
