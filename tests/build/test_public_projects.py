"""Other people's projects, built by felloe after a change of one line.

Each is unpacked from its sdist and laid out as its repository (no PKG-INFO), so that its build tree
is kept: the second build compiles nothing and gives the bytes of the first. By zig each becomes a
wheel for glibc 2.17 and for aarch64. With -m slow.
"""

import os
import re
import sys
from pathlib import Path

import pytest
from support.archive import unpack_sdist
from support.process import run

LIST = Path(__file__).parents[1] / "support" / "public_projects.txt"
LINES = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
SDISTS = dict(line.split() for line in LINES)
"""File name -> SHA-256 in hex."""
pytestmark = [pytest.mark.exhaustive, pytest.mark.network]


@pytest.fixture(params=SDISTS)
def project(request, tmp_path):
    """The source tree of a public project that names felloe as its backend."""
    sdist = download(request.param, tmp_path)
    root = unpack_sdist(sdist, tmp_path)
    (root / "PKG-INFO").unlink()
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    text, lines = re.subn(r'"scikit_build_core\.build"', '"felloe"', text)
    assert lines == 1
    path.write_text(re.sub(r"requires = \[", 'requires = ["felloe", ', text, count=1))
    return root


def download(name, place):
    """Have pip fetch exactly this file."""
    project, _, version = name[: -len(".tar.gz")].rpartition("-")
    requirement = place / "requirement.txt"
    requirement.write_text(f"{project}=={version} --hash=sha256:{SDISTS[name]}\n")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", project]
    run(*command, "-d", place, "-r", requirement)
    (found,) = place.glob("*.tar.gz")
    return found


@pytest.fixture
def build(project, environ, tmp_path):
    """``pip wheel`` the project, isolated, with a cache of its own; the log and the wheel."""
    version = re.search(r"-([^-]+)$", project.name)[1]
    kept = {"FELLOE_CACHE": "true", "FELLOE_CACHE_DIR": str(tmp_path / "cache")}
    env = {**os.environ, **environ, **kept, "SETUPTOOLS_SCM_PRETEND_VERSION": version}

    def build(name, variables=None):
        place = tmp_path / name
        command = [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", place]
        done = run(*command, project, env={**env, **(variables or {})})
        (wheel,) = place.glob("*.whl")
        return done.stdout, wheel

    return build


def test_second_build_compiles_nothing_and_changes_nothing(build, audit_json):
    cold, wheel = build("cold")
    warm, again = build("warm")
    assert re.search(r"\[\d+/\d+\] (Building|Linking)", cold)
    assert not re.search(r"\[\d+/\d+\] (Building|Linking)", warm)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()
    assert "manylinux" in wheel.name
    assert audit_json(wheel)["passed"]


def test_zig_builds_it_for_an_old_glibc(build, zig_environ, make_venv, tmp_path):
    wheel = build_with_zig(build, zig_environ, "manylinux_2_17_x86_64")
    venv = make_venv(tmp_path / "venv", sys.executable, wheel)
    run(venv, "-c", f"import {wheel.name.partition('-')[0]}", cwd=tmp_path)


def test_zig_builds_it_for_another_machine(build, zig_environ, audit_json):
    wheel = build_with_zig(build, zig_environ, "manylinux_2_17_aarch64")
    assert audit_json(wheel)["passed"]


def build_with_zig(build, environ, target):
    _, wheel = build("zig", {**environ, "FELLOE_TARGET": target})
    assert target in wheel.stem.rpartition("-")[2].split(".")
    return wheel
