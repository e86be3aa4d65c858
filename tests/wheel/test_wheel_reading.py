"""Read sound and hostile wheels: members, modes, refusals, cost."""

import os
import re
import stat
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from support.zip_samples import (
    DIST_INFO,
    STORED,
    UTF8,
    WHEEL,
    Entry,
    deflate,
    forge_wheel,
    forge_zip,
    wheel_entries,
    wheel_files,
)

from felloe.errors import MalformedArchive, UsageError
from felloe.wheel import content as content_module
from felloe.wheel.reader import open_wheel

SOUND = forge_wheel()


def save(directory, data, name=WHEEL):
    path = directory / name
    path.write_bytes(data)
    return path


def read_all(path):
    """Name -> content of every member but RECORD."""
    with open_wheel(path) as staged:
        found = {m.name: b"".join(m.content.chunks()) for m in staged.members}
        assert found == {member.name: bytes(member.read()) for member in staged.members}
        return found


def refusal(path):
    with pytest.raises(MalformedArchive) as refused:
        read_all(path)
    return refused.value.message


# What a sound wheel says.


def test_members_are_what_was_written(tmp_path):
    files = wheel_files({"demo/a.py": b"a = 1\n", "demo/empty": b"", "x.bin": bytes(3 << 20)})
    record = files.pop(f"{DIST_INFO}/RECORD")
    path = save(tmp_path, forge_zip([*map(Entry, files, files.values()), *_record(record)]))
    assert read_all(path) == files
    with open_wheel(path) as staged:
        assert staged.dist_info == DIST_INFO
        assert bytes(staged.record.read()) == record
        assert staged.metadata("METADATA") == files[f"{DIST_INFO}/METADATA"]
        assert staged.find("demo/a.py").head(3) == b"a ="
        assert staged.find("nothing") is None
        with pytest.raises(MalformedArchive, match=rf"{WHEEL} has no {DIST_INFO}/nothing"):
            staged.metadata("nothing")


def _record(record):
    return [Entry(f"{DIST_INFO}/RECORD", record)]


@pytest.mark.parametrize(
    "entry",
    [
        Entry("d/", method=STORED, attributes=(stat.S_IFDIR | 0o755) << 16),
        Entry("stored", b"as it is", method=STORED),
        Entry("zipped", b"as it is", flags=0x8, after=bytes(12), local={"crc": 0}),
        Entry("gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n.txt", b"g", flags=UTF8),
        Entry("windows.py", b"w", attributes=0x20),
        Entry("extra", b"e", extra=struct.pack("<HHI", 0x5455, 4, 0)),
    ],
    ids=["directory", "stored", "data descriptor", "UTF-8 name", "no mode", "time stamp"],
)
def test_what_real_tools_write_is_read(tmp_path, entry):
    found = read_all(save(tmp_path, forge_wheel(entry)))
    assert {**found, entry.name: entry.data}.keys() == {*found, entry.name}
    assert entry.name.endswith("/") or found[entry.name] == entry.data


@pytest.mark.parametrize(("mode", "executable"), [(0o755, True), (0o644, False), (0o610, True)])
def test_modes_are_read(tmp_path, mode, executable):
    entry = Entry("run", b"#!", attributes=(stat.S_IFREG | mode) << 16)
    with open_wheel(save(tmp_path, forge_wheel(entry))) as staged:
        assert staged.find("run").executable is executable


# What is wrong with a hostile one.


def twice_at_one_place():
    """Fifield's trick: two names share the bytes of one member."""
    first, *rest = wheel_entries()
    copy = Entry(first.name, first.data)
    return forge_zip([first, *rest, Entry(copy.name, copy.data, central={"offset": 0})])


def sharing():
    kernel = Entry("b", b"x" * 100)
    outer = Entry("a", b"y" * 200, method=STORED, packed=b"y" * 200, central={"size": 200})
    return forge_wheel(outer, kernel, Entry("c", b"x" * 100, central={"offset": 60}))


def names_other(name):
    return forge_zip(wheel_entries(dist_info=name))


def renamed(**local):
    return forge_wheel(Entry("module.py", b"pass\n" * 50, local=local))


def bomb():
    return forge_wheel(*(Entry(f"b{at}", bytes(16 << 20)) for at in range(5)))


def talkative(name, size=3 << 20):
    """A wheel that tells more of itself than any does, in next to no bytes."""
    entries = [entry for entry in wheel_entries({}) if not entry.name.endswith(f"/{name}")]
    return forge_zip([*entries, Entry(f"demo-1.0.dist-info/{name}", b"a\n" * (size // 2))])


HUGE = {"packed_size": 1 << 30}
LINK = (stat.S_IFLNK | 0o777) << 16

HOSTILE = {
    "empty file": (b"", "is empty"),
    "text": (b"hello", "not a zip file"),
    "noise": (bytes(range(256)) * 40, "not a zip file"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), "not a zip file"),
    "cut in the middle": (SOUND[: len(SOUND) // 2], "not a zip file"),
    "without its end": (SOUND[:-1], "not a zip file"),
    "without its head": (SOUND[40:], "not a zip file|no member|contradict|overlap"),
    "on disks": (
        SOUND + struct.pack("<4sIQI4s4H2IH", b"PK\x06\x07", 0, 0, 9, b"PK\x05\x06", *(0,) * 7),
        "not a zip file",
    ),
    "bytes before": (b"#!/bin/sh\n" + SOUND, "belong to no member|bytes before|begin"),
    "bytes after": (SOUND + b"more", "bytes after|not a zip file|end"),
    "bomb": (bomb(), "packed bytes claim to hold"),
    "bomb in one": (forge_wheel(Entry("b", bytes(65 << 20))), "packed bytes claim to hold"),
    "long METADATA": (talkative("METADATA"), "METADATA has 3145728 bytes, more than the 2097152 "),
    "long WHEEL": (talkative("WHEEL"), "WHEEL has 3145728 bytes, more than"),
    "long entry points": (talkative("entry_points.txt"), "entry_points.txt has 3145728 bytes"),
    "long RECORD": (talkative("RECORD", 140_000), "RECORD has 140000 bytes, more than"),
    "duplicate": (forge_wheel(Entry("a"), Entry("a")), "two members are named 'a'"),
    "overlap": (twice_at_one_place(), "two members are named|overlaps"),
    "shared bytes": (sharing(), "overlaps|contradict"),
    "parent": (forge_wheel(Entry("../x")), "'../x' leads out"),
    "parent inside": (forge_wheel(Entry("a/../../x")), "leads out"),
    "absolute": (forge_wheel(Entry("/etc/passwd")), "is absolute"),
    "drive": (forge_wheel(Entry("C:/x")), "is absolute"),
    "drive alone": (forge_wheel(Entry("c:x")), "is absolute"),
    "backslash": (forge_wheel(Entry("a\\b")), "no portable file name"),
    "NUL": (forge_wheel(Entry("a\0.py")), "is not a member's name"),
    "newline": (forge_wheel(Entry("a\nb")), "no portable file name"),
    "escape": (forge_wheel(Entry("\x1b[2J")), "no portable file name"),
    "right to left": (forge_wheel(Entry("a\u202eyp.so", flags=UTF8)), "no portable file name"),
    "empty part": (forge_wheel(Entry("a//b")), "empty part"),
    "dot part": (forge_wheel(Entry("./a")), "empty part"),
    "no name": (forge_wheel(Entry("")), "a member has no name"),
    "not UTF-8": (forge_wheel(Entry(b"\xff\xfe", flags=UTF8)), "not a zip file|not UTF-8"),
    "code page": (forge_wheel(Entry(b"gr\x81n")), "is not UTF-8"),
    "link": (forge_wheel(Entry("l", b"/etc/passwd", attributes=LINK)), "symbolic link"),
    "encrypted": (forge_wheel(Entry("a", flags=0x1)), "is encrypted"),
    "bzip2": (forge_wheel(Entry("a", method=12)), "method 12"),
    "lzma": (forge_wheel(Entry("a", method=14)), "method 14"),
    "zstd": (forge_wheel(Entry("a", method=93)), "method 93"),
    "unknown method": (forge_wheel(Entry("a", method=99)), "method 99"),
    "other local name": (renamed(name=b"another.py"), "two headers .* contradict"),
    "other local method": (renamed(method=STORED), "two headers .* contradict"),
    "other local size": (renamed(size=3), "two headers .* contradict"),
    "other local packed size": (renamed(packed_size=3), "two headers .* contradict"),
    "other local CRC": (renamed(crc=3), "two headers .* contradict"),
    "encrypted in one header": (renamed(flags=1), "two headers .* contradict"),
    "no local header": (renamed(magic=b"PK\0\0"), "two headers .* contradict"),
    "offset beyond": (
        forge_zip([*wheel_entries(), Entry("z", central={"offset": 1 << 30})]),
        "z reaches beyond the end",
    ),
    "content beyond": (
        forge_zip([*wheel_entries(), Entry("z", local=HUGE, central=HUGE)]),
        "z reaches beyond the end",
    ),
    "stored in another size": (
        forge_wheel(Entry("a", b"abc", method=STORED, central={"size": 4}, local={"size": 4})),
        "stored uncompressed but its sizes differ",
    ),
    "no .dist-info": (forge_zip([Entry("a.py")]), "one .dist-info directory, it holds none"),
    "no members": (forge_zip([]), "one .dist-info directory, it holds none"),
    "two .dist-info": (
        forge_wheel(Entry("other-1.dist-info/METADATA")),
        f"it holds {DIST_INFO}, other-1.dist-info",
    ),
    "another .dist-info": (names_other("other-1.0.dist-info"), "holds other-1.0.dist-info, not"),
    "another version": (names_other("demo-1.1.dist-info"), "holds demo-1.1.dist-info, not"),
    "directory too small": (forge_wheel(size=10), "not a zip file|belong to no member|begin"),
    "directory elsewhere": (forge_wheel(start=1 << 31), "not a zip file|overlaps"),
    "wrong CRC": (
        forge_wheel(Entry("a", b"abc", local={"crc": 1}, central={"crc": 1})),
        "a differs from its stated size or CRC-32",
    ),
    "wrong CRC of stored": (
        forge_wheel(Entry("a", b"abc", method=STORED, local={"crc": 1}, central={"crc": 1})),
        "a differs from its stated .*CRC-32",
    ),
    "not deflated": (forge_wheel(Entry("a", b"abc", packed=b"\xff" * 9)), "not a deflated stream"),
    "smaller than stated": (forge_wheel(Entry("a", b"abc", packed=deflate(b"ab"))), "a differs"),
    "larger than stated": (forge_wheel(Entry("a", b"ab", packed=deflate(b"abc"))), "a differs"),
    "cut off inside": (forge_wheel(Entry("a", b"a", packed=deflate(b"ab" * 99)[:-9])), "a differs"),
    "bytes behind the stream": (
        forge_wheel(Entry("a", b"abc", packed=deflate(b"abc") + b"more")),
        "a differs|bytes after",
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot at 9.41.00\u202fAM.png",  # as macOS names them
        "\u30d5\u30a1\u30a4\u30eb\u3000\u4e00.txt",
        "no\xa0break.txt",
        "\U0001f468\u200d\U0001f469.png",
    ],
)
def test_names_may_have_spaces_and_joiners_of_all_kinds(tmp_path, name):
    path = tmp_path / WHEEL
    path.write_bytes(forge_wheel(Entry(name, flags=UTF8)))
    with open_wheel(path) as staged:
        assert staged.find(name)


@pytest.mark.parametrize(("data", "cause"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_wheel_is_refused_with_its_name_and_the_cause(tmp_path, data, cause):
    message = refusal(save(tmp_path, data))
    assert message.count("\n") == 0
    assert message.isprintable()
    assert WHEEL in message, "the message does not name the file"
    assert re.search(cause, message), message


@pytest.mark.parametrize(
    "name",
    [
        "demo.whl",
        "demo-1.0.whl",
        "demo-1.0-py3-none.whl",
        "demo-1.0-x1-py3-none-any.whl",
        "demo-1.0-1-py3-none-any-more.whl",
        "de mo-1.0-py3-none-any.whl",
        "demo-1.0-py3-none-any\n.whl",
        "demo-1.0-py3-none-.whl",
        "-1.0-py3-none-any.whl",
        "demo-1.0-py3..py2-none-any.whl",
    ],
)
def test_bad_file_name_is_refused(tmp_path, name):
    assert repr(name) in refusal(save(tmp_path, SOUND, name))


def test_truncation_at_every_byte_is_refused(tmp_path):
    for size in range(len(SOUND)):
        assert WHEEL in refusal(save(tmp_path, SOUND[:size]))


def test_missing_and_unreadable_files_are_misuse(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=f"{WHEEL} cannot be read: No such file"):
        read_all(tmp_path / WHEEL)
    (tmp_path / WHEEL).mkdir()
    with pytest.raises(UsageError, match=f"{WHEEL} cannot be read: Is a directory"):
        read_all(tmp_path / WHEEL)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root reads everything
    with pytest.raises(UsageError, match=f"{WHEEL} cannot be read: Permission denied"):
        read_all(tmp_path / WHEEL)


# What a hostile one may cost.


def zeros(gigabytes):
    """A deflate stream that unpacks to so many GiB, made of one that repeats."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream.compress(bytes(1 << 20))
    stream.flush(zlib.Z_FULL_FLUSH)
    block = stream.compress(bytes(16 << 20)) + stream.flush(zlib.Z_FULL_FLUSH)
    return block * (gigabytes * 64) + stream.flush()


@pytest.mark.parametrize("stated", [0, 10, 60 << 20], ids=["0", "10 bytes", "60 MiB"])
def test_stream_that_hides_its_size_is_cut_short(tmp_path, stated):
    packed = zeros(10)
    sizes = {"size": stated}
    path = save(tmp_path, forge_wheel(Entry("z", packed=packed, local=sizes, central=sizes)))
    del packed
    tracemalloc.start()
    before = time.thread_time()
    assert "z differs from its stated size" in refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.thread_time() - before < 2
    assert peak < stated + (96 << 20)


def test_packed_bytes_pass_through_zlib_once(tmp_path, monkeypatch):
    """What zlib hands back as not yet consumed is not copied over and over."""
    fed = 0

    class Counted:
        def __init__(self, *arguments):
            self.real = real(*arguments)

        def decompress(self, data, *arguments):
            nonlocal fed
            fed += len(data)
            return self.real.decompress(data, *arguments)

        def __getattr__(self, name):
            return getattr(self.real, name)

    real = zlib.decompressobj
    monkeypatch.setattr(content_module.zlib, "decompressobj", Counted)
    content = (os.urandom(1 << 18) + bytes(3 << 18)) * 24
    packed = deflate(content, 1)
    path = save(tmp_path, forge_wheel(Entry("m", content, packed=packed)))
    with open_wheel(path) as staged:
        assert staged.find("m").read() == content
    assert fed < 4 * len(packed)


def test_head_reads_little(tmp_path):
    sizes = {"size": 60 << 20}
    entry = Entry("z", packed=zeros(1), local=sizes, central=sizes)
    with open_wheel(save(tmp_path, forge_wheel(entry))) as staged:
        tracemalloc.start()
        assert staged.find("z").head(8) == bytes(8)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1 << 20


def test_reading_needs_no_more_than_the_library(tmp_path):
    """A reader of wheels starts no process and loads no network module."""
    path = save(tmp_path, SOUND)
    code = f"""
import sys
from pathlib import Path
from felloe.wheel.reader import open_wheel
with open_wheel(Path({str(path)!r})) as staged:
    [member.read() for member in staged.members]
print(*sorted({{"subprocess", "socket", "ssl"}} & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert out.stdout.strip() == ""
