"""Small projects, and how they are built by zig."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from felloe.binary.elf.reader import parse_elf
from support.paths import PROJECTS


def read_modules(wheel):
    """(name, facts) of the wheel's shared objects."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".so")]
        return [(name, parse_elf(archive.read(name))) for name in names]


def platforms(wheel):
    return wheel.stem.rpartition("-")[2].split(".")


@pytest.fixture
def project_of(tmp_path):
    """A project of some files."""

    def make(files):
        place = tmp_path / "project"
        place.mkdir()
        shutil.copy(PROJECTS / "frontend_tiny" / "pyproject.toml", place)
        for name, text in files.items():
            (place / name).write_text(text)
        return place

    return make


@pytest.fixture
def zig_build(stored_zig, hook, zig_environ, tmp_path):
    """Have a project's wheel built without isolation: what the hook said and did."""
    assert stored_zig

    def build(project, *, env=None, check=True, **settings):
        config = {f"felloe.{key}": value for key, value in settings.items()}
        environ = {**zig_environ, **(env or {})}
        return hook(project, "build_wheel", tmp_path / "dist", config, env=environ, check=check)

    return build


@pytest.fixture
def dist(tmp_path):
    """The wheels in the directory that builds write to."""
    return lambda: list((tmp_path / "dist").glob("*"))
