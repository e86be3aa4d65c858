"""The examples, built and used with every supported Python."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import struct
import sys
import zlib

import pytest
from world import EACH_VERSION, EXAMPLES, find_python, run

pytestmark = pytest.mark.network

MACHINE = platform.machine()

# The published definition, one point after another, in Python's own complex numbers. Points on a
# boundary follow the last bit of the arithmetic, so a few may differ.
REFERENCE = """
import cmath, importlib, sys
newton = importlib.import_module(sys.argv[1])
width, height, itmax, tol = 60, 45, 40, 1e-6
crmin, crmax, cimin, cimax = -2.0, 2.0, -1.5, 1.5
roots = [cmath.exp(2j * cmath.pi * k / 3) for k in range(3)]
picture = newton.compute(width, height, [1, 0, 0, -1], crmin, crmax, cimin, cimax, itmax, tol)
assert picture.shape == (height, width, 3) and picture.dtype == "float64", picture
def colour(z):
    for i in range(itmax):
        try:
            z = z - (z**3 - 1) / (3 * z**2)
        except (ZeroDivisionError, OverflowError):
            return [0, 0, 0]
        for k, root in enumerate(roots):
            if abs(z - root) <= tol:
                return [k / 3, 1, 1 - i / itmax]
    return [0, 0, 0]
differing = 0
for y in range(height):
    for x in range(width):
        z = complex(crmin + (crmax - crmin) * x / width, cimin + (cimax - cimin) * y / height)
        expected = colour(z)
        differing += any(abs(a - b) > 1e-12 for a, b in zip(picture[y, x].tolist(), expected))
print("differing", differing)
assert differing <= 0.005 * width * height
"""


def tag_of(python):
    return run(python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])").stdout.strip()


@pytest.fixture
def basins(example_wheel, python):
    return example_wheel("newton-basins", python)


@pytest.fixture(scope="session")
def abi3(example_wheel):
    """One wheel, made with a Python in the middle."""
    return example_wheel("newton-abi3", find_python("3.11"))


def assert_auditwheel_agrees(wheel):
    """That auditwheel's best tag is among those of the file's name."""
    if shutil.which("auditwheel") is None:
        assert sys.version_info < (3, 10), "auditwheel is missing from the test environment"
        return
    shown = json.loads(run("auditwheel", "show", "--json", wheel).stdout)
    assert shown["overall_tag"] in wheel.stem.rpartition("-")[2].split(".")


def assert_felloe_agrees(wheel, audit_json):
    report = audit_json(wheel)
    assert report["holds"] is True
    assert report["claimed"] == report["proved"]
    run(sys.executable, "-m", "felloe", "audit", wheel)  # exit code 0


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


def assert_picture(png, width, height):
    """A whole PNG file of that size, with checksums that are right, and more than one colour."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, rest = {}, png[8:]
    while rest:
        (size,), kind = struct.unpack(">I", rest[:4]), rest[4:8]
        data, (checksum,) = rest[8 : 8 + size], struct.unpack(">I", rest[8 + size : 12 + size])
        assert zlib.crc32(kind + data) == checksum
        chunks[kind] = chunks.get(kind, b"") + data
        rest = rest[12 + size :]
    shown_width, shown_height, depth, colour_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    pixels = zlib.decompress(chunks[b"IDAT"])
    assert (shown_width, shown_height, depth) == (width, height, 8)
    assert len(pixels) == height * (1 + width * {2: 3, 3: 1}[colour_type])
    assert len(set(pixels)) > 10
    assert b"IEND" in chunks


def test_one_abi3_wheel_is_proved(abi3, audit_json):
    assert re.fullmatch(rf"newton_abi3-1\.0\.0-cp39-abi3-manylinux_2_\d+_{MACHINE}\.whl", abi3.name)
    assert_auditwheel_agrees(abi3)
    assert_felloe_agrees(abi3, audit_json)


@pytest.mark.parametrize("version", EACH_VERSION)
def test_one_abi3_wheel_computes_on(version, abi3, make_venv, tmp_path):
    venv = make_venv(tmp_path / "venv", find_python(version), abi3)
    run(venv, "-c", REFERENCE, "newton_abi3", cwd=tmp_path)
