"""The example that links shared libraries of its build machine: one command, a wheel for others."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys

import pytest
from support.graft_samples import MACHINE, libraries_of, read_dynamic, unpack
from support.paths import EXAMPLES
from support.process import run

pytestmark = pytest.mark.network

_LIBPNG = re.compile(r"=> (/\S*/libpng[^/\s]*)")


@pytest.fixture(scope="module")
def wheels(newton_prefix, once, environ):
    """The wheel, made twice in directories of their own."""

    def make(place):
        steered = {**environ, "CMAKE_PREFIX_PATH": str(newton_prefix)}
        for name in ("first", "second"):
            shutil.copytree(EXAMPLES / "newton-shared", place / f"{name}-tree")
            command = (sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", place / name)
            done = run(*command, place / f"{name}-tree", env=steered)
            (place / f"{name}.log").write_text(done.stdout)

    return once("newton-shared-wheels", make)


@pytest.fixture(scope="module")
def wheel(wheels):
    (made,) = (wheels / "first").glob("*.whl")
    return made


def test_it_holds_both_libraries_under_a_proved_tag(wheel, audit_json):
    assert re.fullmatch(
        rf"newton_shared-1\.0\.0-cp\d+-cp\d+-manylinux_2_\d+_{MACHINE}\.whl", wheel.name
    )
    assert libraries_of(wheel) == ["libnewton.so.1", "libpng16.so.16"]
    report = audit_json(wheel)
    assert report["passed"] is True
    assert report["claimed"] == report["proved"]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="auditwheel needs Python 3.10")
def test_auditwheel_finds_it_consistent_with_its_tag(wheel):
    shown = json.loads(run(sys.executable, "-m", "auditwheel", "show", "--json", wheel).stdout)
    assert shown["overall_tag"] in wheel.stem.rpartition("-")[2].split(".")
    assert shown["external_libs"] == {}


def test_what_was_copied_is_said(wheels, newton_prefix):
    said = (wheels / "first.log").read_text()
    assert f"felloe: copying libnewton.so.1 from {newton_prefix}/lib" in said
    assert "felloe: copying libpng16.so.16 from /" in said
    assert "Warning" not in said


def test_no_path_of_the_build_machine_is_left(wheel, newton_prefix, tmp_path):
    objects = {name: data for name, data in unpack(wheel).items() if data[:4] == b"\x7fELF"}
    assert len(objects) == 3
    for name, data in objects.items():
        found = read_dynamic(data, tmp_path)
        for entry in (found.rpath + ":" + found.runpath).strip(":").split(":"):
            assert entry in {"", "$ORIGIN", "$ORIGIN/../newton_shared.libs"}, name
        assert bytes(newton_prefix) not in data, name


def test_the_bill_names_both_with_their_hashes(wheel, newton_prefix):
    members = unpack(wheel)
    document = json.loads(members["newton_shared-1.0.0.dist-info/sboms/felloe.cdx.json"])
    found = {item["name"]: item for item in document["components"]}
    assert sorted(found) == ["libnewton.so.1", "libpng16.so.16"]
    for item in found.values():
        (digest,) = item["hashes"]
        assert digest["content"] == hashlib.sha256(members[item["bom-ref"]]).hexdigest()
    (newton,) = newton_prefix.glob("lib*/libnewton.so.1.*")
    (ancestor,) = found["libnewton.so.1"]["pedigree"]["ancestors"]
    (original,) = ancestor["hashes"]
    assert original["content"] == hashlib.sha256(newton.read_bytes()).hexdigest()
    if shutil.which("dpkg-query"):
        assert found["libpng16.so.16"]["purl"].startswith("pkg:deb/")


def test_made_twice_it_is_the_same_byte_for_byte(wheels):
    made = [path for name in ("first", "second") for path in (wheels / name).iterdir()]
    assert len(made) == 2
    assert made[0].name == made[1].name
    assert made[0].read_bytes() == made[1].read_bytes()


# Mounts that only the process sees: nothing where the libraries were.
_AWAY = """
prefix=$1 libraries=$2; shift 2
mount -t tmpfs none "$prefix" || exit 99
for library in $libraries; do mount --bind /dev/null "$library" || exit 99; done
exec "$@"
"""
_DRAW = """
import newton_shared
newton_shared.draw("newton.png", 40, 30, [1, 0, 0, -1])
print(*sorted({line.split(None, 5)[5].strip() for line in open("/proc/self/maps")
               if "libpng" in line or "libnewton" in line}), sep="\\n")
"""


def test_it_draws_where_neither_library_is(wheel, newton_prefix, make_venv, environ, tmp_path):
    python = make_venv(tmp_path / "venv", sys.executable)
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", wheel)
    libraries = sorted(set(_LIBPNG.findall(run("/sbin/ldconfig", "-p").stdout)))
    assert libraries
    inside = {key: value for key, value in environ.items() if key != "LD_LIBRARY_PATH"}
    unshare = ("unshare", "--mount", "sh", "-c", _AWAY, "sh", newton_prefix, " ".join(libraries))
    probe = run(*unshare, "sh", "-c", f"! test -s {libraries[0]}", env=inside, check=False)
    # Where the system does not let us mount, what the process has mapped must do.
    away = unshare if probe.returncode == 0 else ()
    done = run(*away, python, "-c", _DRAW, cwd=tmp_path, env=inside)
    assert (tmp_path / "newton.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    mapped = done.stdout.split()
    assert len(mapped) == 2
    assert all(f"{tmp_path}/venv/" in path and "/newton_shared.libs/" in path for path in mapped)


def test_its_own_tests_pass(wheel, make_venv, environ, tmp_path):
    python = make_venv(tmp_path / "venv", sys.executable, "pytest", wheel)
    options = ("-q", "-c", os.devnull, "--rootdir", tmp_path, "-p", "no:cacheprovider")
    alone = {**environ, "PYTHONDONTWRITEBYTECODE": "1"}
    tests = EXAMPLES / "newton-shared" / "tests"
    done = run(python, "-m", "pytest", *options, tests, cwd=tmp_path, env=alone)
    assert "3 passed" in done.stdout
