"""Writing wheels: what every reader must find, and what the bytes must be."""

import csv
import hashlib
import io
import os
import random
import stat
import subprocess
import sys
import zipfile
import zlib
from base64 import urlsafe_b64encode

import pytest
from support.zip_samples import DIST_INFO, STORED, WHEEL, Entry, deflate, forge_zip, wheel_files

from felloe.errors import FelloeError, MalformedArchive
from felloe.wheel import zip_rules, zip_writer
from felloe.wheel.content import InMemory
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.tags import parse_wheel_name
from felloe.wheel.wheel_file import render_wheel_file
from felloe.wheel.writer import write_wheel
from felloe.wheel.zip_rules import check_zip
from felloe.wheel.zip_writer import ZipWriter, dos_time

EPOCH = 1577836800
RECORD = f"{DIST_INFO}/RECORD"
NOISE = random.Random(1)

CONTENTS = {
    "empty": b"",
    "one": b"x",
    "text": b"import felloe\n" * 400,
    "noise": NOISE.randbytes(300_000),
    "zeros": bytes(6 << 20),
    "words": b"".join(NOISE.choices((b"spoke ", b"rim ", b"hub ", b"felloe\n"), k=10**6)),
    "much noise": NOISE.randbytes((5 << 20) + 1),
    "a chunk": b"c" * (1 << 20),
    "a chunk and one": b"c" * ((1 << 20) + 1),
    "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n": b"green",
    'odd, "name"': b"odd",
}


def stage(files, executable=()):
    """A staged wheel of these files, in no good order."""
    name = parse_wheel_name(WHEEL)
    own = {f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"}
    own[f"{DIST_INFO}/WHEEL"] = render_wheel_file(name, generator="tests", is_purelib=True)
    members = [
        Member(path, len(data), path in executable, InMemory(data))
        for path, data in {**own, **files}.items()
    ]
    return StagedWheel(name, DIST_INFO, tuple(reversed(members)))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    files = {f"demo/{name}": data for name, data in CONTENTS.items()}
    files |= {"demo/run": b"#!/bin/sh\n", "zz.py": b"", "demo-1.0.data/scripts/go": b"#!python\n"}
    staged = stage(files, executable={"demo/run", "demo-1.0.data/scripts/go"})
    return files, write_wheel(staged, tmp_path_factory.mktemp("out"), EPOCH)


def test_content_is_read_back_by_zipfile(written):
    files, path = written
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in files} == files


def test_python_zipfile_finds_it_sound(written):
    done = subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", written[1]],
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout == "Done testing\n"


def test_members_are_sorted_and_dist_info_is_last(written):
    with zipfile.ZipFile(written[1]) as archive:
        names = archive.namelist()
        offsets = [info.header_offset for info in archive.infolist()]
    own = [name for name in names if name.startswith(f"{DIST_INFO}/")]
    assert names[-len(own) :] == own
    assert names[-1] == RECORD
    assert names[: -len(own)] == sorted(names[: -len(own)])
    assert own[:-1] == sorted(own[:-1])
    assert offsets == sorted(offsets)


def test_headers_are_plain(written):
    with zipfile.ZipFile(written[1]) as archive:
        infos = archive.infolist()
        assert archive.comment == b""
    for info in infos:
        runs = info.filename in ("demo/run", "demo-1.0.data/scripts/go")
        assert info.external_attr >> 16 == stat.S_IFREG | (0o755 if runs else 0o644)
        assert info.external_attr & 0xFFFF == 0
        assert (info.create_system, info.date_time) == (3, (2020, 1, 1, 0, 0, 0))
        assert info.flag_bits == (0 if info.filename.isascii() else 0x800)
        assert info.compress_type == (8 if info.file_size else 0)
        assert (info.extra, info.comment, info.create_version) == (b"", b"", 20)


def test_record_lists_every_member_with_its_hash(written):
    with zipfile.ZipFile(written[1]) as archive:
        rows = list(csv.reader(io.StringIO(archive.read(RECORD).decode())))
        expected = [
            [name, f"sha256={_digest(archive.read(name))}", str(archive.getinfo(name).file_size)]
            for name in archive.namelist()[:-1]
        ]
    assert rows == [*expected, [RECORD, "", ""]]


def _digest(data):
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def test_size_is_that_of_plain_deflate(written):
    files, path = written
    with zipfile.ZipFile(path) as archive:
        for name, data in files.items():
            packed = archive.getinfo(name).compress_size
            flushes = 24 * (len(data) >> 20)  # bytes; all that is left of a run of zeros
            assert packed <= len(deflate(data)) * 1.01 + flushes, name


def test_own_checks_pass(written):
    check_zip(written[1])
    with open_wheel(written[1]) as staged:
        assert {m.name: bytes(m.read()) for m in staged.members}.items() >= written[0].items()


def test_equal_members_give_equal_bytes(written, tmp_path):
    files, path = written
    staged = stage(dict(reversed(files.items())), {"demo/run", "demo-1.0.data/scripts/go"})
    assert write_wheel(staged, tmp_path, EPOCH).read_bytes() == path.read_bytes()


def test_time_is_the_epoch(tmp_path):
    path = write_wheel(stage({}), tmp_path, EPOCH + 86_399)
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2020, 1, 1, 23, 59, 58)}


@pytest.mark.parametrize(
    ("epoch", "date"),
    [
        (0, (1980, 1, 1)),
        (-(10**14), (1980, 1, 1)),
        (315532800, (1980, 1, 1)),
        (951782400, (2000, 2, 29)),
        (10**14, (2107, 12, 31)),
    ],
)
def test_times_are_clamped_to_what_a_zip_can_say(epoch, date):
    _, packed = dos_time(epoch)
    assert (1980 + (packed >> 9), packed >> 5 & 15, packed & 31) == date


@pytest.mark.parametrize("file", ["RECORD.jws", "RECORD.p7s"])
def test_signatures_of_the_old_record_are_dropped(tmp_path, file):
    path = write_wheel(stage({f"{DIST_INFO}/{file}": b"{}"}), tmp_path, EPOCH)
    with zipfile.ZipFile(path) as archive:
        assert f"{DIST_INFO}/{file}" not in archive.namelist()
        assert file.encode() not in archive.read(RECORD)


def test_pip_installs_it(written, tmp_path):
    files, path = written
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    command = [*pip, "--no-index", "--no-deps", "--target", tmp_path / "site", path]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    assert (tmp_path / "site" / "demo" / "words").read_bytes() == files["demo/words"]
    assert os.access(tmp_path / "site" / "demo" / "run", os.X_OK)
    assert not os.access(tmp_path / "site" / "zz.py", os.X_OK)


# Members of another zip file.


def raw(path, name):
    """The bytes of a member as they lie in the file."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    data = path.read_bytes()
    head = data[info.header_offset :]
    start = 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    return info.compress_type, head[start : start + info.compress_size]


SOURCES = {
    "deflated": Entry("m", CONTENTS["text"], packed=deflate(CONTENTS["text"], 1)),
    "deflated in two chunks": Entry("m", CONTENTS["much noise"]),
    "deflated by another": Entry("m", bytes(99), packed=b"\x01\x63\x00\x9c\xff" + bytes(99)),
    "empty but deflated": Entry("m", b""),
    "stored": Entry("m", CONTENTS["words"], method=STORED),
    "stored and empty": Entry("m", b"", method=STORED),
}


@pytest.fixture
def rewritten(tmp_path, request):
    """(the source's entry, the source, what was written of it)."""
    entry = SOURCES[request.param]
    entries = [Entry(name, data) for name, data in wheel_files().items()]
    source = tmp_path / WHEEL
    source.write_bytes(forge_zip([entry, *entries]))
    (tmp_path / "out").mkdir()
    with open_wheel(source) as staged:
        return entry, source, write_wheel(staged, tmp_path / "out", EPOCH)


@pytest.mark.parametrize("rewritten", SOURCES, indirect=True)
def test_content_survives(rewritten):
    entry, _, path = rewritten
    with zipfile.ZipFile(path) as archive:
        assert archive.read("m") == entry.data


@pytest.mark.parametrize("rewritten", [n for n in SOURCES if n.startswith("defl")], indirect=True)
def test_what_is_deflated_is_carried_over_byte_for_byte(rewritten):
    _, source, path = rewritten
    assert raw(path, "m") == raw(source, "m")


@pytest.mark.parametrize("rewritten", ["stored"], indirect=True)
def test_what_is_stored_is_deflated(rewritten):
    entry, _, path = rewritten
    method, packed = raw(path, "m")
    assert method == 8
    assert len(packed) < len(entry.data) / 2
    assert zlib.decompress(packed, -15) == entry.data


@pytest.mark.parametrize(
    "broken",
    [
        Entry("m", b"abc" * 99, local={"crc": 1}, central={"crc": 1}),
        Entry("m", b"abc" * 99, method=STORED, local={"crc": 1}, central={"crc": 1}),
        Entry("m", b"abc" * 99, packed=deflate(b"abc" * 98)),
        Entry("m", b"abc" * 99, packed=b"\xff" * 50),
    ],
    ids=["CRC", "CRC of stored", "size", "no stream"],
)
def test_broken_member_is_not_written(tmp_path, broken):
    source = tmp_path / WHEEL
    source.write_bytes(forge_zip([broken, *(Entry(n, d) for n, d in wheel_files().items())]))
    (tmp_path / "out").mkdir()
    with open_wheel(source) as staged, pytest.raises(MalformedArchive, match=f"{WHEEL}: m "):
        write_wheel(staged, tmp_path / "out", EPOCH)
    assert list((tmp_path / "out").iterdir()) == []


# Beyond the limits of the first zip format.


def write_zip(path, *members):
    with path.open("w+b") as file:
        writer = ZipWriter(file, EPOCH)
        writer.add(members)
        writer.close()
    return path


@pytest.mark.slow
def test_many_members(tmp_path):
    path = write_zip(
        tmp_path / "many.zip", *(Member.from_bytes(f"{at:05}", b"") for at in range(0x10001))
    )
    check_zip(path)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 0x10001


@pytest.mark.parametrize(
    ("count", "size"), [(0xFFFE, 22), (0xFFFF, 22 + 20 + 56), (0x10000, 22 + 20 + 56)]
)
def test_count_at_the_limit(tmp_path, count, size):
    path = tmp_path / "end"
    with path.open("w+b") as file:
        writer = ZipWriter(file, EPOCH)
        writer._written = [None] * count  # noqa: SLF001 - the end alone is looked at
        writer._write_end(0, 0)  # noqa: SLF001
    assert path.stat().st_size == size


def test_large_members_use_zip64(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_writer, "_is_large", lambda _: True)
    path = write_zip(
        tmp_path / "x.zip", Member.from_bytes("a", b"a" * 99), Member.from_bytes("b", b"")
    )
    check_zip(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("a") == b"a" * 99
        assert [info.create_version for info in archive.infolist()] == [45, 45]
        assert all(info.extra for info in archive.infolist())


def test_everything_beyond_the_limit_uses_zip64(tmp_path, monkeypatch):
    """Sizes, offsets and the directory itself, with the limit brought down to 1 MiB."""
    monkeypatch.setattr(zip_writer, "_LIMIT", 1 << 20)
    monkeypatch.setattr(zip_rules, "_LIMIT", 1 << 20)
    members = [
        Member.from_bytes("a", CONTENTS["much noise"]),
        Member.from_bytes("b", b"small"),
        Member.from_bytes("c", CONTENTS["zeros"]),
    ]
    path = write_zip(tmp_path / "x.zip", *members)
    check_zip(path)
    data = path.read_bytes()
    assert b"PK\6\6" in data[-200:]
    assert b"PK\6\7" in data[-200:]
    assert data.count(b"\1\0\x10\0") >= 2  # ZIP64 extra fields of two numbers
    # The same bytes under the true limit are not what they say.
    monkeypatch.undo()
    with pytest.raises(MalformedArchive):
        check_zip(path)


# What writing costs.

CHILD = """
import resource, sys, tempfile
from pathlib import Path
from felloe.wheel.reader import open_wheel
from felloe.wheel.writer import write_wheel
source, out = map(Path, sys.argv[1:])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open_wheel(source) as staged:
    write_wheel(staged, out, 1577836800)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_memory_is_bounded_by_the_chunks_under_way(tmp_path):
    """200 MB in one stored member: as the engine's wheel holds it."""
    block = NOISE.randbytes(1 << 16) + bytes((1 << 20) - (1 << 16))
    big = Entry("big", block * 200, method=STORED)
    source = tmp_path / WHEEL
    source.write_bytes(forge_zip([big, *(Entry(n, d) for n, d in wheel_files().items())]))
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", CHILD, source, tmp_path / "out"]
    done = subprocess.run(command, text=True, capture_output=True, check=True)
    assert int(done.stdout) < 64 << 10  # KiB
    with zipfile.ZipFile(tmp_path / "out" / WHEEL) as archive:
        assert archive.getinfo("big").file_size == 200 << 20
    source.unlink()


def test_name_of_the_wheel_is_that_of_its_tags(tmp_path):
    staged = stage({})
    name = staged.name.with_tags(
        ["cp311"], ["cp311"], ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    )
    path = write_wheel(StagedWheel(name, DIST_INFO, staged.members), tmp_path, EPOCH)
    assert path.name == "demo-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"


def test_missing_directory_is_an_error(tmp_path):
    with pytest.raises(FelloeError, match=f"cannot write {WHEEL} to .*: No such file") as refused:
        write_wheel(stage({}), tmp_path / "nowhere", EPOCH)
    assert refused.value.hint
