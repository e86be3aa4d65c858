"""Wheels of the examples that zig builds for older and other systems."""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest
from support.example_checks import REFERENCE, assert_auditwheel_agrees, assert_felloe_agrees
from support.interpreters import EACH_VERSION, need_python
from support.paths import EXAMPLES, PROJECTS
from support.process import run
from support.zig_builds import platforms, read_modules

from felloe.build.toolchain.zig import REQUIREMENT

pytestmark = pytest.mark.network


GNU = "manylinux_2_17_x86_64"
ARM = "manylinux_2_17_aarch64"
MUSL = "musllinux_1_2_x86_64"


def test_an_isolated_build_fetches_zig_and_needs_it_once(
    stored_zig, tmp_path, hook, zig_environ, make_venv
):
    assert GNU in platforms(stored_zig)
    project = PROJECTS / "frontend_tiny"
    ask = "get_requires_for_build_wheel"
    assert REQUIREMENT not in hook(project, ask, env=zig_environ).value
    empty = {**zig_environ, "FELLOE_CACHE_DIR": str(tmp_path)}
    without_zig = make_venv(tmp_path / "venv", sys.executable, "felloe")
    assert REQUIREMENT in hook(project, ask, env=empty, python=without_zig).value
    assert REQUIREMENT not in hook(project, ask, env={"FELLOE_CACHE_DIR": str(tmp_path)}).value
    # What is for this machine and what is not compiled need none.
    for other in ("editable", "sdist"):
        assert REQUIREMENT not in hook(project, f"get_requires_for_build_{other}", env=empty).value


def test_a_pybind11_wheel_for_glibc_2_17(zig_wheel, audit_json, make_venv, example_wheel, tmp_path):
    wheel = zig_wheel(EXAMPLES / "newton-basins", GNU)
    tag = f"cp3{sys.version_info[1]}"
    assert wheel.name.startswith(f"newton_basins-1.0.0-{tag}-{tag}-")
    assert GNU in platforms(wheel)
    assert_auditwheel_agrees(wheel)
    assert_felloe_agrees(wheel, audit_json)
    venv = make_venv(tmp_path / "venv", sys.executable, wheel)
    run(venv, "-c", REFERENCE, "newton_basins", cwd=tmp_path)
    host = make_venv(
        tmp_path / "host", sys.executable, example_wheel("newton-basins", sys.executable)
    )
    draw = (
        "import hashlib, newton_basins as n; picture = n.compute(300, 200, [1, 0, 0, -1],"
        "-2.0, 2.0, -1.5, 1.5, 60, 1e-6); print(hashlib.sha256(picture.tobytes()).hexdigest())"
    )
    assert run(venv, "-c", draw).stdout == run(host, "-c", draw).stdout


def test_one_abi3_wheel_for_glibc_2_17(zig_wheel, audit_json):
    wheel = zig_wheel(EXAMPLES / "newton-abi3", GNU)
    assert wheel.name.startswith("newton_abi3-1.0.0-cp39-abi3-")
    assert GNU in platforms(wheel)
    assert_auditwheel_agrees(wheel)
    assert_felloe_agrees(wheel, audit_json)


@pytest.mark.parametrize("version", EACH_VERSION)
def test_it_computes_on(version, zig_wheel, make_venv, tmp_path):
    wheel = zig_wheel(EXAMPLES / "newton-abi3", GNU)
    venv = make_venv(tmp_path / "venv", need_python(version), wheel)
    run(venv, "-c", REFERENCE, "newton_abi3", cwd=tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("version", EACH_VERSION)
def test_a_pybind11_wheel_of_every_python(version, zig_environ, environ, make_venv, tmp_path):
    python = need_python(version)
    command = (python, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path)
    run(*command, EXAMPLES / "newton-basins", env={**environ, **zig_environ}, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert GNU in platforms(wheel)
    venv = make_venv(tmp_path / "venv", python, wheel)
    run(venv, "-c", REFERENCE, "newton_basins", cwd=tmp_path)


def test_the_suffix_that_cmake_gives_is_the_targets(zig_build, dist):
    """With the CMake that is there; before 4.1 it does not ask Python in a cross build."""
    zig_build(PROJECTS / "plain", target=ARM)
    (wheel,) = dist()
    ((name, _),) = read_modules(wheel)
    assert name == f"plain.cpython-3{sys.version_info[1]}-aarch64-linux-gnu.so"


@pytest.mark.parametrize(
    "example", [pytest.param("newton-basins", marks=pytest.mark.exhaustive), "newton-abi3"]
)
def test_a_wheel_for_another_machine(example, zig_wheel, audit_json):
    wheel = zig_wheel(EXAMPLES / example, ARM)
    assert ARM in platforms(wheel)
    assert_auditwheel_agrees(wheel)
    assert_felloe_agrees(wheel, audit_json)
    ((name, elf),) = read_modules(wheel)
    assert elf.architecture == "aarch64"
    suffix = rf"\.cpython-3{sys.version_info[1]}-aarch64-linux-gnu\.so"
    assert re.search(r"\.abi3\.so$" if example == "newton-abi3" else suffix + "$", name)
    assert not any("python" in library for library in elf.needed)


@pytest.mark.exhaustive
def test_a_wheel_for_another_c_library(zig_wheel, audit_json):
    wheel = zig_wheel(EXAMPLES / "newton-basins", MUSL)
    assert platforms(wheel) == [MUSL]
    shown = run("auditwheel", "show", "--json", wheel).stdout
    # It warns first that this machine has no musl to ask for its version.
    assert json.loads(shown[shown.index("{") :])["overall_tag"] == MUSL
    assert_felloe_agrees(wheel, audit_json)
    ((name, elf),) = read_modules(wheel)
    assert elf.needed == ("libc.musl-x86_64.so.1",)
    minor = sys.version_info[1]
    libc = "musl" if minor >= 11 else "gnu"
    assert name.endswith(f".cpython-3{minor}-x86_64-linux-{libc}.so")


def test_a_newer_policy_gets_the_older_tag_too(zig_wheel):
    """What was asked for and what is proved: the code needs no newer glibc."""
    wheel = zig_wheel(PROJECTS / "frontend_tiny", "manylinux_2_28_x86_64")
    assert {"manylinux_2_5_x86_64", "manylinux_2_28_x86_64"} <= set(platforms(wheel))


def test_a_wheel_for_macos(zig_build, dist):
    """Nothing here runs it: its files say what they need, and the tag follows."""
    answer = zig_build(PROJECTS / "plain", target="macosx_11_0_arm64")
    assert "macosx_11_0_arm64 is experimental" in answer.output
    tag = f"cp3{sys.version_info[1]}"
    assert answer.value == f"plain-1.0-{tag}-{tag}-macosx_11_0_arm64.whl"
    (wheel,) = dist()
    with zipfile.ZipFile(wheel) as archive:
        assert f"plain.cpython-3{sys.version_info[1]}-darwin.so" in archive.namelist()


WINDOWS_HEADERS = (
    "https://deb.debian.org/debian/pool/main/p/python3.13/python3.13_3.13.5.orig.tar.xz"
)


@pytest.fixture(scope="session")
def windows_root(once):
    """A directory with the headers of Python 3.13 for Windows, from CPython's sources."""

    def make(place):
        with urllib.request.urlopen(WINDOWS_HEADERS) as answer:
            data = io.BytesIO(answer.read())
        with tarfile.open(fileobj=data) as archive:
            for member in archive:
                path = Path(*Path(member.name).parts[1:])
                if path.parts[:1] == ("Include",):
                    target = place / "include" / path.relative_to("Include")
                elif str(path) == "PC/pyconfig.h.in":
                    target = place / "include" / "pyconfig.h"
                else:
                    continue
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())

    return once("windows-headers", make)


@pytest.fixture
def windows_environ(windows_root, zig_environ, environ):
    settings = {"FELLOE_TARGET": "win_amd64", "FELLOE_SYSROOT": str(windows_root)}
    return {**environ, **zig_environ, **settings}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("example", "tag", "library"),
    [("newton-abi3", "cp39-abi3", b"python3.dll"), ("newton-basins", "cp313", b"python313.dll")],
)
def test_a_wheel_for_windows(example, tag, library, windows_environ, tmp_path):
    command = (need_python("3.13"), "-m", "pip", "wheel", "--no-deps", "-w", tmp_path)
    run(*command, EXAMPLES / example, env=windows_environ, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert tag in wheel.name
    assert wheel.name.endswith("-win_amd64.whl")
    with zipfile.ZipFile(wheel) as archive:
        (module,) = [name for name in archive.namelist() if name.endswith(".pyd")]
        assert library in archive.read(module)
