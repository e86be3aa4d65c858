"""Sequences of random edits, and damaged files."""

import os
import random
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.elf_samples import ZIG, compile_elf, compile_tiny, forge_elf
from support.patch_samples import EDIT, answer, check_layout, foreign, library, run

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import Image
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf
from felloe.errors import FelloeError

QUICKLY = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


PATHS = st.lists(st.sampled_from(["$ORIGIN", "$ORIGIN/../a.libs", "/b", "c" * 90]), max_size=4)
NAMES = st.integers(0, 400).map(lambda n: f"lib{'n' * (n % 70)}-{n}.so")
STEPS = st.lists(
    st.tuples(PATHS, st.booleans(), NAMES, NAMES, st.booleans()), min_size=1, max_size=7
)


class Objects:
    """Libraries by number, and directories with what one of them needs."""

    def __init__(self, place, made, make_directory):
        self.place, self.made, self.make_directory = place, made, make_directory

    def __getitem__(self, index):
        return self.made[index % len(self.made)]

    def directory(self, needed, data):
        spot = self.make_directory("sequence")
        shutil.copy(self.place / "libdep.so.1", spot / needed)
        (spot / "made.so").write_bytes(data)
        return spot


LINKERS = ["bfd", *(pytest.param(name, marks=pytest.mark.tools(name)) for name in ("gold", "zig"))]


@pytest.fixture(scope="module", params=LINKERS)
def objects(place, tmp_path_factory, request):
    names = ["bfd", "c++", "no-spare", "no-spare-no-count", "huge-pages", "stripped"]
    if request.param == "bfd":
        made = [library(place, name) for name in names]
    elif request.param == "gold":
        made = [library(place, "gold")]
    else:
        made = [foreign(place, "x86_64-linux-gnu", "plain.c -l:libdep.so.1 -L.")]
    return Objects(place, made, tmp_path_factory.mktemp)


@settings(QUICKLY, max_examples=200)
@given(index=st.integers(0, 100), steps=STEPS, strip=st.booleans())
def test_any_sequence_of_edits(index, steps, strip, objects):
    data = objects[index]
    first = parse_elf(data)
    needed, last = "libdep.so.1", None
    for path, runpath, soname, name, _ in steps:
        edit = Edit(
            soname=f"top-{soname}",
            rpath=":".join(path),
            runpath=runpath,
            needed={needed: name} if name != needed else {},
        )
        data, needed, last = patch(data, edit), name, edit
        assert patch(data, edit) is data
    after = parse_elf(data)
    want = replace(last, needed={"libdep.so.1": needed}).expect(first)
    assert after == replace(want, tables=after.tables)
    check_layout(data)
    spot = objects.directory(needed, data)
    if strip:
        run("strip", "-s", spot / "made.so")
    assert answer(spot / "made.so", spot) == 42
    shutil.rmtree(spot)


@pytest.fixture(scope="module", params=["host", pytest.param("foreign", marks=ZIG)])
def victims(place, request):
    if request.param == "foreign":
        return [compile_elf(place, "arm-gnu").read_bytes()]
    return [compile_tiny(place, "gnu"), patch(compile_tiny(place, "sysv"), EDIT)]


def survive(data):
    """Broken bytes: one of our errors, or something that reads as it should."""
    try:
        patch(data, EDIT)
    except FelloeError:
        return
    parse_elf(data)


@settings(QUICKLY, max_examples=400)
@given(index=st.integers(0, 2), seed=st.integers(0, 1 << 32), wide=st.booleans())
def test_damaged_object(index, seed, wide, victims):
    chance = random.Random(seed)
    data = bytearray(victims[index % len(victims)])
    image = Image(bytes(data))
    (dynamic,) = (s for s in image.segments if s.type == 2)
    spots = [(0, 64), (image.phoff, image.table_size), (dynamic.offset, dynamic.file_size)]
    spots += [(image.shoff, image.sections_end - image.shoff), (0, len(data))]
    start, size = chance.choice(spots)
    for _ in range(chance.choice((1, 2, 9))):
        at = start + chance.randrange(max(size, 1))
        new = struct.pack("<Q", chance.choice((0, 1, 1 << 31, 1 << 63, (1 << 64) - 1, len(data))))
        at = min(at, len(data) - 8) & (~7 if wide else ~0)
        data[at : at + (8 if wide else 1)] = new if wide else bytes([chance.randrange(256)])
    survive(bytes(data))


def test_cut_off_anywhere(victims):
    for data in victims:
        for end in range(0, min(len(data), 1 << 16), 97):
            survive(data[:end])


def many_loads():
    data = bytearray(forge_elf([(5, "strings"), (10, 4), (1, 1)], strings=b"\0ab\0"))
    struct.pack_into("<H", data, 56, 4096)
    return bytes(data[:64]) + bytes(data[64:120]) * 4096 + bytes(data)


def many_sections_over_everything():
    data = bytearray(forge_elf([(5, "strings"), (10, 4), (1, 1)], strings=b"\0ab\0"))
    section = struct.pack("<IIQQQQIIQQ", 0, 11, 2, 0, 0, 1 << 22, 0, 0, 8, 24)
    struct.pack_into("<Q", data, 40, len(data))
    struct.pack_into("<HHH", data, 58, 64, 60_000, 0)
    return bytes(data) + section * 60_000


@pytest.mark.parametrize("attack", [many_loads, many_sections_over_everything])
def test_attack_costs_little(attack, tmp_path):
    code = (
        "import resource, sys\n"
        "from felloe.binary.elf.editor.patch import patch\n"
        "from felloe.binary.elf.editor.edit import Edit\n"
        "from felloe.errors import FelloeError\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "try: patch(data, Edit(soname='x' * 99, needed={'ab': 'y' * 99}, rpath='z' * 99))\n"
        "except FelloeError: pass\n"
    )
    made = tmp_path / "attack"
    made.write_bytes(attack())
    source = Path(__file__).resolve().parents[2] / "src"
    environ = {**os.environ, "PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-c", code, made], env=environ, check=True)
