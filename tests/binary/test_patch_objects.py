"""The patcher on real objects out of public wheels, with patchelf as the measure of growth.

Downloads about 70 MB through pip for the running interpreter, whatever is current: the
patcher has to take what is built today. The wheels of other machines are those that
test_auditwheel.py looks at, another 55 MB.
"""

import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.listed_wheels import fetch, read_list

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf

pytestmark = pytest.mark.network

PROJECTS = ("numpy", "scipy", "pillow", "lxml", "psycopg2-binary")
PREFIX = "renamed-0123456789abcdef-"
IMPORTS = """
import sys
from pathlib import Path
import numpy, scipy.linalg, scipy.sparse.linalg, scipy.optimize, scipy.special, scipy.fft
import PIL.Image, PIL._imagingft, PIL._webp, lxml.etree, psycopg2
square = numpy.random.default_rng(1).random((60, 60))
assert numpy.allclose(square @ numpy.linalg.inv(square), numpy.eye(60))
assert scipy.linalg.svdvals(square)[0] > 25
assert lxml.etree.fromstring("<a><b/></a>")[0].tag == "b"
mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
mapped = {name for name in mapped if name.startswith(sys.argv[1])}
print(len({name for name in mapped if "/renamed-" in name}))
import ctypes
for path in Path(sys.argv[1]).rglob("*.so*"):
    ctypes.CDLL(str(path))
"""


def is_elf(path):
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def unpack(wheels, place):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place / wheel.stem)
    return sorted(path for path in place.rglob("*") if is_elf(path))


@pytest.fixture(scope="module")
def current(once):
    """Wheels for this interpreter and machine, whatever is current."""

    def fill(place):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", place]
        done = subprocess.run([*command, *PROJECTS], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return sorted(once("current-wheels", fill).glob("*.whl"))


def edit_of(elf):
    """What a graft asks for: another soname, another library, a path to them."""
    chosen = next((name for name in elf.needed if not name.startswith("ld-")), None)
    return Edit(
        soname="librenamed-0123456789ab.so.1" if elf.soname else None,
        needed={chosen: "libgrafted-0123456789ab.so.7"} if chosen else {},
        rpath="$ORIGIN/../some_distribution.libs",
    )


def grow_with_patchelf(path, edit, made):
    """By how many bytes patchelf makes the file longer; None if it refuses."""
    command = ["patchelf", "--force-rpath", "--set-rpath", edit.rpath]
    command += ["--set-soname", edit.soname] if edit.soname else []
    for old, new in edit.needed.items():
        command += ["--replace-needed", old, new]
    command += ["--output", made, path]
    done = subprocess.run(command, check=False, capture_output=True)
    size = made.stat().st_size if done.returncode == 0 else None
    made.unlink(missing_ok=True)
    return size if size is None else size - path.stat().st_size


def examine(path, made):
    data = path.read_bytes()
    elf = parse_elf(data)
    if not elf.is_dynamic:
        return None
    edit = edit_of(elf)
    patched = patch(data, edit)
    after = parse_elf(patched)
    assert after.rpath == (edit.rpath,)
    assert after.soname == (edit.soname or elf.soname)
    assert [edit.needed.get(name, name) for name in elf.needed] == list(after.needed)
    assert len(after.version_needs) == len(elf.version_needs)
    assert patch(patched, edit) is patched
    growth = len(patched) - len(data)
    theirs = grow_with_patchelf(path, edit, made)
    return path.name, growth, theirs


def examine_all(paths, place):
    with ThreadPoolExecutor(2) as pool:
        made = (place / f"{number}.elf" for number in range(len(paths)))
        return [result for result in pool.map(examine, paths, made) if result]


def test_objects_of_this_machine(current, tmp_path):
    results = examine_all(unpack(current, tmp_path / "tree"), tmp_path)
    assert len(results) >= 150
    assert not [r for r in results if r[2] is not None and r[1] > max(r[2], 0)]


def test_objects_of_every_machine(once, tmp_path):
    results = examine_all(
        unpack(fetch(read_list("public_wheels.txt"), once), tmp_path / "tree"), tmp_path
    )
    assert len(results) >= 120
    assert not [r for r in results if r[2] is not None and r[1] > max(r[2], 0)]


def test_patched_trees_import(current, tmp_path):
    """Every library of the wheels gets a new name, every object a longer path."""
    for wheel in current:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path)
    objects = sorted(path for path in tmp_path.rglob("*") if is_elf(path))
    names = {p.name: PREFIX + p.name for p in objects if p.parent.name.endswith(".libs")}
    for path in objects:
        data = path.read_bytes()
        elf = parse_elf(data)
        rpath = ":".join((*elf.rpath, *elf.runpath, "$ORIGIN/nowhere/at/all/to/make/it/longer"))
        soname = names.get(path.name)
        path.write_bytes(patch(data, Edit(soname=soname, needed=names, rpath=rpath)))
        if soname:
            path.rename(path.with_name(soname))
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", IMPORTS, str(tmp_path)]
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) >= 20
