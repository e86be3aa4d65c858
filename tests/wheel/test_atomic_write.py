"""A file takes its name when it is whole, or never."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
import zipfile

import pytest
from support.zip_samples import DIST_INFO, WHEEL

from felloe.errors import FelloeError
from felloe.wheel.atomic_write import placing
from felloe.wheel.content import InMemory
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import parse_wheel_name
from felloe.wheel.writer import write_wheel


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_file_has_its_name_only_after_the_block(tmp_path):
    with placing(tmp_path / "x.whl") as (file, part):
        file.write(b"whole")
        assert names(tmp_path) == [part.name]
        assert part.name.startswith(".")
        assert not part.name.endswith(".whl")
    assert names(tmp_path) == ["x.whl"]
    assert (tmp_path / "x.whl").read_bytes() == b"whole"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError, SystemExit])
@pytest.mark.parametrize("before", [None, b"old"], ids=["new", "replacing"])
def test_failing_block_leaves_what_was_there(tmp_path, error, before):
    if before:
        (tmp_path / "x.whl").write_bytes(before)
    with pytest.raises(error), placing(tmp_path / "x.whl") as (file, _):
        raise error(file.write(b"half"))
    assert names(tmp_path) == (["x.whl"] if before else [])
    assert not before or (tmp_path / "x.whl").read_bytes() == before


def test_older_file_is_replaced(tmp_path):
    (tmp_path / "x.whl").write_bytes(b"a longer older file")
    with placing(tmp_path / "x.whl") as (file, _):
        file.write(b"new")
    assert (tmp_path / "x.whl").read_bytes() == b"new"


def test_long_name_fits_beside_the_file(tmp_path):
    name = "n" * 251 + ".whl"
    with placing(tmp_path / name) as (file, _):
        file.write(b"x")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_umask_is_respected(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with placing(tmp_path / "x.whl") as (file, _):
            file.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.whl").stat().st_mode) == mode


def read_only(tmp_path):
    """A directory that takes no file, from root either."""
    place = tmp_path / "fixed"
    place.mkdir(mode=0o555)
    return place if os.geteuid() else type(place)("/proc")


def missing(tmp_path):
    return tmp_path / "nowhere"


def no_directory(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    return tmp_path / "file"


@pytest.mark.parametrize("make", [read_only, missing, no_directory])
def test_place_that_cannot_be_written_is_an_error(tmp_path, make):
    place = make(tmp_path)
    with pytest.raises(FelloeError, match=rf"^cannot write x.whl to {place}: [A-Z]") as refused:
        placing(place / "x.whl").__enter__()
    assert refused.value.hint == "choose a directory that exists and can be written"


def test_name_that_is_taken_by_a_directory_is_an_error(tmp_path):
    (tmp_path / "x.whl").mkdir()
    cause = r"cannot write x\.whl to .*: Is a directory"
    with pytest.raises(FelloeError, match=cause), placing(tmp_path / "x.whl") as (file, _):
        file.write(b"x")
    assert names(tmp_path) == ["x.whl"]


def test_full_disk_is_an_error(tmp_path):
    cause = r"cannot write x\.whl to .*: No space left"
    with pytest.raises(FelloeError, match=cause), placing(tmp_path / "x.whl"):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_error_without_a_number_is_told_in_its_words(tmp_path):
    """``tarfile`` raises ``OSError("unexpected end of data")``."""
    cause = "unexpected end of data"
    with pytest.raises(FelloeError, match=cause), placing(tmp_path / "x.whl"):
        raise OSError(cause)


# Whole wheels.


class Broken(InMemory):
    """Content that ends in an error after so many chunks."""

    def chunks(self):
        yield self.data
        raise ZeroDivisionError

    def part(self, start, stop):
        if start > 3 << 20:
            raise ZeroDivisionError
        return self.data[start:stop]


@pytest.mark.parametrize("name", ["a", "z"])
def test_failing_member_leaves_nothing(tmp_path, name):
    own = Member.from_bytes(f"{DIST_INFO}/WHEEL", b"")
    broken = Member(name, 5 << 20, executable=False, content=Broken(bytes(5 << 20)))
    staged = StagedWheel(
        parse_wheel_name(WHEEL), DIST_INFO, (own, broken, Member.from_bytes("m", b"m"))
    )
    with pytest.raises(ZeroDivisionError):
        write_wheel(staged, tmp_path, 0)
    assert names(tmp_path) == []


def test_failing_check_leaves_nothing(tmp_path, monkeypatch):
    def refuse(part):
        assert zipfile.is_zipfile(part)
        raise FelloeError("no")

    monkeypatch.setattr("felloe.wheel.writer.check_zip", refuse)
    staged = StagedWheel(
        parse_wheel_name(WHEEL), DIST_INFO, (Member.from_bytes(f"{DIST_INFO}/WHEEL", b""),)
    )
    with pytest.raises(FelloeError):
        write_wheel(staged, tmp_path, 0)
    assert names(tmp_path) == []


CHILD = f"""
import random, sys
from pathlib import Path
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel
from felloe.wheel.writer import write_wheel
from felloe.wheel.tags import parse_wheel_name
noise = random.Random(1)
members = [Member.from_bytes(f"m{{at}}", noise.randbytes(1 << 17) * 8) for at in range(8)]
members.append(Member.from_bytes("{DIST_INFO}/WHEEL", b""))
staged = StagedWheel(parse_wheel_name("{WHEEL}"), "{DIST_INFO}", tuple(members))
print("begins", flush=True)
write_wheel(staged, Path(sys.argv[1]), 1577836800)
print("done", flush=True)
sys.stdin.read()
"""


def start(directory):
    directory.mkdir()
    command = [sys.executable, "-c", CHILD, directory]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"begins\n"
    return child


@pytest.mark.slow
def test_killed_writer_leaves_no_wheel_that_is_wrong(tmp_path):
    began = time.monotonic()
    with start(tmp_path / "whole") as child:
        assert child.stdout.readline() == b"done\n"
        child.stdin.close()
    took = time.monotonic() - began
    whole = (tmp_path / "whole" / WHEEL).read_bytes()
    moments = random.Random(7)
    outcomes = set()
    for number in range(20):
        place = tmp_path / str(number)
        with start(place) as child:
            time.sleep(moments.uniform(0, took * (0.2 if number % 2 else 1)))
            child.send_signal(signal.SIGKILL)
            child.wait()
        found = [path.name for path in place.iterdir() if path.suffix == ".whl"]
        assert found in ([], [WHEEL])
        assert all((place / name).read_bytes() == whole for name in found)
        left = [path.name for path in place.iterdir() if path.name not in found]
        assert all(name.startswith(".") and name.endswith(".part") for name in left)
        outcomes.add(("wheel" if found else "none", bool(left)))
    assert ("none", True) in outcomes, "no child was killed while it wrote"
