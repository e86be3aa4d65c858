"""The examples: where they are, copies of them, and what their wheels must do."""

from __future__ import annotations

import json
import shutil
import struct
import sys
import zlib
from pathlib import Path

from support.paths import ROOT
from support.process import run

MONOREPO = ("CMakeLists.txt", "LICENSE", "cpp", "examples/newton-basins")
EXAMPLE = Path("examples") / "newton-basins"

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


def assert_auditwheel_agrees(wheel):
    """That auditwheel's best tag is among those of the file's name."""
    if shutil.which("auditwheel") is None:
        assert sys.version_info < (3, 10), "auditwheel is missing from the test environment"
        return
    shown = json.loads(run("auditwheel", "show", "--json", wheel).stdout)
    assert shown["overall_tag"] in wheel.stem.rpartition("-")[2].split(".")


def assert_felloe_agrees(wheel, audit_json):
    report = audit_json(wheel)
    assert report["passed"] is True
    assert report["claimed"] == report["proved"]
    run(sys.executable, "-m", "felloe", "audit", wheel)  # exit code 0


def assert_picture(png, width, height):
    """A whole PNG file of that size, with checksums that are right, and more than one colour."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    rest = png[8:]
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


def copy_monorepo(place):
    """The example, with the library that it packages at its place."""
    ignored = shutil.ignore_patterns("__pycache__", "build", ".pytest_cache")
    for name in MONOREPO:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=ignored)
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place / EXAMPLE


def listing(tree):
    """Every path below a directory and what would show that it was touched."""
    stats = {path.relative_to(tree): path.lstat() for path in tree.rglob("*")}
    return {path: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}
