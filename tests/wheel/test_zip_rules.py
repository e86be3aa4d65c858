"""The rules of an index, each broken once."""

import struct
import zipfile

import pytest
from support.zip_samples import Entry, forge_wheel, forge_zip

from felloe.errors import MalformedArchive
from felloe.wheel.zip_rules import check_zip

TIME = struct.pack("<HHI", 0x5455, 4, 0)
ZIP64 = struct.pack("<HHQQ", 1, 16, 3, 5)


def entry(**options):
    return Entry("a", b"abc", **options)


BROKEN = {
    "data descriptor": (forge_wheel(entry(flags=8)), "a has a data descriptor"),
    "bytes after": (forge_wheel() + b"x", "the end record is not the last thing"),
    "bytes before": (b"x" + forge_wheel(), "does not reach to the end record"),
    "bytes before, admitted": (
        forge_zip([entry()], before=b"x"),
        "bytes 0 to 1 belong to no member",
    ),
    "archive comment": (forge_wheel(comment=b"hi"), "the end record is not the last thing"),
    "entry comment": (forge_wheel(entry(comment=b"hi")), "has a comment"),
    "gap between members": (forge_wheel(entry(after=b"....")), "belong to no member"),
    "gap before the directory": (forge_zip([entry(after=b"....")]), "belong to no member"),
    "other name": (forge_wheel(entry(local={"name": b"b"})), "headers of a contradict"),
    "other size": (forge_wheel(entry(local={"size": 9})), "headers of a contradict"),
    "other CRC": (forge_wheel(entry(local={"crc": 9})), "headers of a contradict"),
    "other method": (forge_wheel(entry(local={"method": 0})), "headers of a contradict"),
    "other flags": (forge_wheel(entry(local={"flags": 2})), "headers of a contradict"),
    "other packed size": (forge_wheel(entry(local={"packed_size": 9})), "contradict"),
    "duplicate": (forge_wheel(entry(), entry()), "two members are named a"),
    "extra field that is cut off": (forge_wheel(entry(extra=b"\1\0\x10")), "cut off or garbled"),
    "two ZIP64 fields": (forge_wheel(entry(extra=ZIP64 * 2)), "there twice"),
    "ZIP64 field of a wrong length": (
        forge_wheel(entry(extra=struct.pack("<HHI", 1, 4, 0))),
        "no size that it may have",
    ),
    "bzip2": (forge_wheel(entry(method=12)), "a uses compression method 12"),
    "count too low": (forge_wheel(count=1), "lists 4 members and counts 1|counts 1"),
    "count too high": (forge_wheel(count=9), "counts 9"),
    "offset elsewhere": (forge_wheel(entry(central={"offset": 3})), "no local header stands at 3"),
    "overlap": (
        forge_zip([entry(), Entry("b", b"abc", central={"offset": 0})]),
        "belong to no member|contradict",
    ),
    "empty file": (b"", "too short"),
    "text": (b"hello, this is no zip file", "the end record is not the last thing"),
    "truncated": (forge_wheel()[:-9], "the end record is not the last thing"),
    "directory is none": (forge_wheel(entry(central={"magic": b"PK\0\0"})), "entry is not one"),
}


def save(directory, data):
    path = directory / "x.whl"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("data", "cause"), BROKEN.values(), ids=BROKEN)
def test_broken_rule_is_named(tmp_path, data, cause):
    with pytest.raises(MalformedArchive, match=cause) as refused:
        check_zip(save(tmp_path, data))
    assert refused.value.message.startswith("x.whl breaks the zip rules of an index: ")


def test_all_broken_rules_are_named_at_once(tmp_path):
    members = [entry(flags=8), Entry("b", method=12), Entry("c", after=b"..."), Entry("c")]
    with pytest.raises(MalformedArchive) as refused:
        check_zip(save(tmp_path, forge_zip(members)))
    for cause in ("data descriptor", "method 12", "belong to no member", "two members"):
        assert cause in refused.value.message


@pytest.mark.parametrize("name", [b"\x1b[2J", b"a\nb", b"\xe2\x80\xae"])
def test_names_cannot_steer_a_terminal(tmp_path, name):
    with pytest.raises(MalformedArchive) as refused:
        check_zip(save(tmp_path, forge_zip([Entry(name, flags=8), Entry(name)])))
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    "data",
    [
        forge_wheel(),
        forge_zip([]),
        forge_zip([entry(method=0)]),
        forge_zip([Entry("d/", method=0)]),
        forge_zip([entry(extra=TIME)]),
    ],
    ids=["wheel", "nothing", "stored", "directory", "time stamp"],
)
def test_sound_file_passes(tmp_path, data):
    check_zip(save(tmp_path, data))


def test_what_zipfile_writes_to_a_file_passes(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"abc" * 99)
        with archive.open("large", "w", force_zip64=True) as member:
            member.write(b"abc")
    check_zip(tmp_path / "x.whl")


def test_what_zipfile_streams_does_not(tmp_path):
    """A stream that cannot seek gets data descriptors."""

    class Pipe:
        def __init__(self, file):
            self.write, self.flush = file.write, file.flush

    with (tmp_path / "x.whl").open("wb") as file, zipfile.ZipFile(Pipe(file), "w") as archive:
        archive.writestr("a", b"abc")
    with pytest.raises(MalformedArchive, match="has a data descriptor"):
        check_zip(tmp_path / "x.whl")


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_any_field_may_hold_anything(tmp_path, size):
    """Nothing but :class:`MalformedArchive`, and that for nearly all."""
    sound = forge_zip([entry(), Entry("b", b"b")])
    numbers = struct.pack("<Q", 44) + struct.pack("<HHIIQQQQ", 45, 45, 0, 0, 2, 2, 94, 66)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(sound) - 22, 1)
    large = sound[:-22] + b"PK\6\6" + numbers + locator + sound[-22:]
    accepted = 0
    for data in (sound, large):
        for at in range(0, len(data) - size, 1 if size < 8 else 4):
            for value in (0, (1 << 8 * size - 1) - 1, (1 << 8 * size) - 1):
                broken = bytearray(data)
                broken[at : at + size] = value.to_bytes(size, "little")
                accepted += is_accepted(save(tmp_path, bytes(broken)))
    assert accepted < 3 * len(sound + large)


def is_accepted(path):
    try:
        check_zip(path)
    except MalformedArchive:
        return False
    return True
