"""Finishing sdists: what is checked, what is made equal, what survives."""

import gzip
import io
import subprocess
import sys
import tarfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from felloe.errors import FelloeError, MalformedArchive
from felloe.wheel.sdist_writer import finish_sdist

NAME = "demo_more-1.0.tar.gz"
ROOT = "demo_more-1.0"
EPOCH = 1577836800
PKG_INFO = b"Metadata-Version: 2.4\nName: Demo.More\nVersion: 1.0\nLicense-File: LICENSE\n"
FILES = {"PKG-INFO": PKG_INFO, "pyproject.toml": b"[project]\n", "LICENSE": b"MIT", "src/a.c": b"a"}


def member(name, data=b"", *, root=ROOT, **fields):
    info = tarfile.TarInfo(f"{root}/{name}" if root else name)
    info.size, info.mtime, info.mode = len(data), 1_700_000_000, 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def link(name, target, kind=tarfile.SYMTYPE):
    return member(name, type=kind, linkname=target)


def pack(*more, files=None, form=tarfile.PAX_FORMAT):
    """A gzipped tar of ``files`` and ``more`` members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=form) as archive:
        for name, data in (FILES if files is None else files).items():
            archive.addfile(*_opened(*member(name, data)))
        for info, data in more:
            archive.addfile(*_opened(info, data))
    return out.getvalue()


def _opened(info, data):
    return info, io.BytesIO(data)


def finish(tmp_path, data, name=NAME, epoch=EPOCH):
    for place in ("in", "out"):
        (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(data)
    return finish_sdist(tmp_path / "in" / name, tmp_path / "out", epoch)


def read(path):
    with tarfile.open(path) as archive:
        return archive.getmembers()


def test_content_survives(tmp_path):
    path = finish(tmp_path, pack())
    assert path == tmp_path / "out" / NAME
    with tarfile.open(path) as archive:
        found = {name: archive.extractfile(f"{ROOT}/{name}").read() for name in FILES}
    assert found == FILES


def test_members_are_plain_and_sorted(tmp_path):
    mine = {"uid": 1000, "gid": 1000, "uname": "me", "gname": "us"}
    more = [
        member("run", b"#!", mode=0o4775, **mine),
        member("secret", b"s", mode=0o600, **mine),
        member("dir", type=tarfile.DIRTYPE, mode=0o700, **mine),
    ]
    members = read(finish(tmp_path, pack(*more)))
    assert [info.name for info in members] == sorted(info.name for info in members)
    assert {(info.uid, info.gid, info.uname, info.gname) for info in members} == {(0, 0, "", "")}
    assert {info.mtime for info in members} == {EPOCH}
    modes = {info.name.partition("/")[2]: info.mode for info in members}
    assert (modes["run"], modes["secret"], modes["dir"]) == (0o755, 0o644, 0o755)


def test_bytes_do_not_depend_on_order_times_owners_or_format(tmp_path):
    first = finish(tmp_path, pack()).read_bytes()
    other = dict(reversed(FILES.items()))
    more = member("x", b"x", mtime=5, uid=7, uname="me")
    again = finish(tmp_path, pack(files=other, form=tarfile.GNU_FORMAT)).read_bytes()
    assert again == first
    assert finish(tmp_path, pack(more)).read_bytes() != first


def test_gzip_header_holds_the_epoch_and_no_name(tmp_path):
    head = finish(tmp_path, pack()).read_bytes()[:10]
    assert head[3] == 0
    assert int.from_bytes(head[4:8], "little") == EPOCH


@pytest.mark.parametrize("epoch", [-(10**14), -1, 0, (1 << 32) - 1, 1 << 32, 10**14])
def test_any_epoch_is_written(tmp_path, epoch):
    (time,) = {info.mtime for info in read(finish(tmp_path, pack(), epoch=epoch))}
    assert time >= 0


def test_repeated_members_collapse_to_the_last(tmp_path):
    later = PKG_INFO + b"Summary: the later\n"
    path = finish(tmp_path, pack(member("PKG-INFO", later), member("src/a.c", b"b")))
    assert [info.name for info in read(path)].count(f"{ROOT}/PKG-INFO") == 1
    with tarfile.open(path) as archive:
        assert archive.extractfile(f"{ROOT}/PKG-INFO").read() == later
        assert archive.extractfile(f"{ROOT}/src/a.c").read() == b"b"


UMLAUT = "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n"
NAMES = {
    "long": "d" * 90 + "/" + "e" * 90 + "/" + "f" * 200,
    "umlaut": f"{UMLAUT}.txt",
    "decomposed": "gru\N{COMBINING DIAERESIS}n.txt",
    "script": "\N{HIRAGANA LETTER A}/\N{HIRAGANA LETTER I}.txt",
    "emoji": "\N{SNOWMAN}.txt",
    "space": "a b.txt",
    "dots": "..a/...b/c..",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_name_survives(tmp_path, name, form):
    path = finish(tmp_path, pack(member(name, b"x"), form=form))
    assert f"{ROOT}/{name}" in [info.name for info in read(path)]


def test_format_is_pax(tmp_path):
    plain = gzip.decompress(finish(tmp_path, pack(member(NAMES["long"], b"x"))).read_bytes())
    assert tarfile.TarInfo.frombuf(plain[:512], "utf-8", "strict").get_info()["name"]
    assert b"PaxHeader" in plain
    assert b"././@LongLink" not in plain
    assert plain[257:265] == b"ustar\x0000"


@pytest.mark.parametrize("name", ["LICENSE.txt", f"{UMLAUT}/LICENSE"])
def test_licence_file_is_found(tmp_path, name):
    info = PKG_INFO.replace(b"LICENSE", name.encode())
    finish(tmp_path, pack(member(name, b"MIT"), files={**FILES, "PKG-INFO": info}))


LINKS = {
    "file": link("l", "LICENSE"),
    "directory": link("l", "src"),
    "upward inside": link("src/l", "../LICENSE"),
    "nothing": link("l", "gone"),
    "own directory": link("src/l", "."),
}


@pytest.mark.parametrize("info", LINKS.values(), ids=LINKS)
def test_link_inside_the_tree_is_kept(tmp_path, info):
    found = {member.name: member for member in read(finish(tmp_path, pack(info)))}
    kept = found[info[0].name]
    assert (kept.issym(), kept.linkname) == (True, info[0].linkname)


def test_a_hard_link_becomes_the_file(tmp_path):
    """Sorted members may have it before the file that it refers to."""
    path = finish(tmp_path, pack(link("A", f"{ROOT}/LICENSE", tarfile.LNKTYPE)))
    with tarfile.open(path) as archive:
        info = archive.getmember(f"{ROOT}/A")
        assert info.isreg()
        assert archive.extractfile(info).read() == FILES["LICENSE"]


def test_cached_bytecode_is_left_out(tmp_path):
    """An interpreter writes it beside the modules that it imports, also during a build."""
    more = [member("src/__pycache__/a.cpython-311.pyc", b"x"), member("fixture.pyc", b"x")]
    more.append(member("src/__pycache__", type=tarfile.DIRTYPE))
    path = finish(tmp_path, pack(*more))
    names = {info.name for info in read(path)}
    assert names == {f"{ROOT}/{name}" for name in (*FILES, "fixture.pyc")}


# PEP 440, "Normalization": file names have the first, metadata may have any.
SPELLINGS = {
    "1.0": ["1.0", "v1.0", "01.0", "1.00", " 1.0", "0!1.0"],
    "2024.1.5": ["2024.1.5", "2024.01.05"],
    "1.0.0rc1": ["1.0.0-rc1", "1.0.0RC1", "1.0.0.rc.1", "1.0.0_c1", "1.0.0-pre-1", "1.0.0preview1"],
    "1.1a0": ["1.1a", "1.1alpha0", "1.1.ALPHA-0"],
    "1.1b2": ["1.1beta2", "1.1-b2", "1.1_beta_2"],
    "1.0.0.post1": ["1.0.0-1", "1.0.0-post1", "1.0.0.rev1", "1.0.0_r1", "1.0.0.post.1"],
    "1.0.dev3": ["1.0-dev3", "1.0.DEV3", "1.0_dev_3", "1.0dev3"],
    "1!2.0": ["1!2.0", "01!2.0"],
    "1.0+ubuntu.1": ["1.0+ubuntu-1", "1.0+UBUNTU_1", "1.0+ubuntu.01"],
}
PAIRS = [(normal, text) for normal, texts in SPELLINGS.items() for text in texts]


@pytest.mark.parametrize(("normal", "spelling"), PAIRS, ids=[text for _, text in PAIRS])
def test_versions_are_compared_as_versions(tmp_path, normal, spelling):
    root = f"demo_more-{normal}"
    info = PKG_INFO.replace(b"Version: 1.0", f"Version: {spelling}".encode())
    files = [member(name, data, root=root) for name, data in {**FILES, "PKG-INFO": info}.items()]
    path = finish(tmp_path, pack(*files, files={}), f"{root}.tar.gz")
    assert path.is_file()


def chain(kind, count=5000):
    """Headers that describe the next member, each followed by another."""
    text = b"6 a=b\n" if kind in (tarfile.XHDTYPE, tarfile.XGLTYPE) else b"name"
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, len(text)
    block = info.tobuf(tarfile.GNU_FORMAT) + text.ljust(512, b"\0")
    return gzip.compress(block * count + gzip.decompress(pack()), 1)


def with_header(**fields):
    """An sdist with one more header, whatever it says."""
    block = member("odd", **fields)[0].tobuf(tarfile.GNU_FORMAT)
    end = sum(512 + (len(data) + 511) // 512 * 512 for data in FILES.values())
    return gzip.compress(gzip.decompress(pack())[:end] + block + bytes(1024))


def with_broken_header():
    """An sdist whose last member has a wrong checksum: tarfile takes it for the end."""
    plain = bytearray(gzip.decompress(pack()))
    plain[plain.index(f"{ROOT}/src/a.c".encode())] ^= 1
    return gzip.compress(bytes(plain))


def without(name):
    return pack(files={key: data for key, data in FILES.items() if key != name})


def of_another(line):
    return pack(files={**FILES, "PKG-INFO": PKG_INFO.replace(b"Demo.More", line)})


HOSTILE = {
    "no PKG-INFO": (without("PKG-INFO"), "the sdist has no .*/PKG-INFO"),
    "no pyproject.toml": (without("pyproject.toml"), "the sdist has no .*/pyproject.toml"),
    "no licence": (without("LICENSE"), "the license file LICENSE is missing"),
    "another project": (of_another(b"other"), "PKG-INFO describes other 1.0"),
    "nameless": (of_another(b""), "PKG-INFO describes"),
    "non-ASCII name": (of_another(UMLAUT.encode()), "PKG-INFO describes"),
    "not UTF-8": (of_another(b"\xff\xfe"), "PKG-INFO describes"),
    "two directories": (
        pack(member("x", root="other-1.0")),
        "it holds demo_more-1.0, other-1.0",
    ),
    "file beside": (
        pack(member("x", root="")),
        "it holds demo_more-1.0, x",
    ),
    "absolute": (pack(member("x", root="/etc")), "'/etc/x' is absolute"),
    "parent": (pack(member("../x")), "leads out of the archive"),
    "parent twice": (pack(member("../../x")), "leads out of the archive"),
    "backslash": (pack(member("a\\b")), "no portable file name"),
    "control": (pack(member("a\nb")), "no portable file name"),
    "undecodable": (pack(member("a\udcff")), "no portable file name"),
    "link out": (
        pack(link("l", "../../etc/passwd")),
        "in a circle, to ../../etc",
    ),
    "absolute link": (
        pack(link("l", "/etc/passwd")),
        "in a circle, to /etc/passwd",
    ),
    "link to the parent": (pack(link("l", "..")), "in a circle, to .."),
    "link out and in": (pack(link("l", f"../../{ROOT}/LICENSE")), "leads out of the tree"),
    "link out by a link": (
        pack(link("src/up", ".."), link("l", "src/up/../../x")),
        "leads out of the tree",
    ),
    "link out by two links": (
        pack(link("src/up", ".."), link("src/m", "up/.."), link("src/n", "m/x")),
        "leads out of the tree",
    ),
    "link to itself": (pack(link("l", "l")), "in a circle, to l"),
    "links in a circle": (pack(link("a", "b"), link("b", "a")), "or in a circle, to b"),
    "long path": (pack(member("a/" * 2500 + "b")), "is longer than a path can be on any system"),
    "file and directory": (pack(member("a"), member("a/b")), "needs a directory of that name"),
    "hard link out": (pack(link("l", "etc/passwd", tarfile.LNKTYPE)), "hard link .* leads out"),
    "hard link to nothing": (
        pack(link("l", f"{ROOT}/gone", tarfile.LNKTYPE)),
        "refers to demo_more-1.0/gone, which is not an earlier file",
    ),
    "device": (pack(member("d", type=tarfile.CHRTYPE)), "d is a device or pipe"),
    "block device": (pack(member("d", type=tarfile.BLKTYPE)), "d is a device or pipe"),
    "fifo": (pack(member("p", type=tarfile.FIFOTYPE)), "p is a device or pipe"),
    "sparse": (with_header(type=tarfile.GNUTYPE_SPARSE), "odd is a sparse file"),
    "huge member": (with_header(size=1 << 70), "is not a gzipped tar file"),
    "huge header": (with_header(size=1 << 70, type=b"x"), "is not a gzipped tar file"),
    "not gzip": (b"hello", "is not a gzipped tar file"),
    "empty": (b"", "is not a gzipped tar file"),
    "no tar": (gzip.compress(b"hello" * 999), "is not a gzipped tar file"),
    "truncated": (pack()[:-30], "is not a gzipped tar file"),
    "truncated tar": (gzip.compress(gzip.decompress(pack())[:2700]), "is not a|it has no|cut off"),
    "broken header": (with_broken_header(), "is not a gzipped tar file: .*would be lost"),
    "wrong CRC": (pack()[:-8] + bytes(8), "is not a gzipped tar file"),
    "noise behind": (pack() + b"noise", "is not a gzipped tar file"),
    "chained pax headers": (chain(tarfile.XHDTYPE), "too many extended headers"),
    "chained global headers": (chain(tarfile.XGLTYPE), "too many extended headers"),
    "chained long names": (chain(tarfile.GNUTYPE_LONGNAME), "too many extended headers"),
    "chained long links": (chain(tarfile.GNUTYPE_LONGLINK), "too many extended headers"),
}


@pytest.mark.parametrize(("data", "cause"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_sdist_is_refused(tmp_path, data, cause):
    with pytest.raises(MalformedArchive, match=cause) as refused:
        finish(tmp_path, data)
    assert NAME in refused.value.message
    assert refused.value.message.isprintable()
    assert list((tmp_path / "out").iterdir()) == []


CHILD = """
import sys
from pathlib import Path
from felloe.wheel.sdist_writer import finish_sdist
from felloe.errors import MalformedArchive
try:
    finish_sdist(Path(sys.argv[1]), Path(sys.argv[2]), 0)
except MalformedArchive as refused:
    print(refused.message)
"""


@pytest.mark.parametrize("size", [-1, -512, -1024, -4096])
def test_size_below_zero_ends(tmp_path, size):
    """CVE-2025-8194: older tarfiles go in circles, and take memory at every turn."""
    (tmp_path / NAME).write_bytes(with_header(size=size))
    command = [sys.executable, "-c", CHILD, tmp_path / NAME, tmp_path / "out"]
    (tmp_path / "out").mkdir()
    done = subprocess.run(command, text=True, capture_output=True, check=True, timeout=5)
    assert done.stdout.startswith(f"{NAME} is not a gzipped tar file")


def test_all_problems_are_named_at_once(tmp_path):
    data = pack(link("l", "/x"), member("p", type=tarfile.FIFOTYPE), member("x", root="o-1"))
    with pytest.raises(MalformedArchive) as refused:
        finish(tmp_path, data)
    for cause in ("leads out of the tree", "is a device or pipe", "must hold one directory"):
        assert cause in refused.value.message


@pytest.mark.parametrize(
    "name",
    [
        "Demo_more-1.0.tar.gz",
        "demo-more-1.0.tar.gz",
        "demo.more-1.0.tar.gz",
        "demo_more.tar.gz",
        "demo_more-1.0.zip",
        "demo__more-1.0.tar.gz",
        "-1.0.tar.gz",
    ],
)
def test_wrong_file_name_is_refused(tmp_path, name):
    with pytest.raises(MalformedArchive, match="is not an sdist's name"):
        finish(tmp_path, pack(), name)


def test_another_version_is_refused(tmp_path):
    with pytest.raises(MalformedArchive, match=r"must hold one directory demo_more-1\.1"):
        finish(tmp_path, pack(), "demo_more-1.1.tar.gz")


def test_missing_directory_is_an_error(tmp_path):
    source = tmp_path / NAME
    source.write_bytes(pack())
    with pytest.raises(FelloeError, match=f"cannot write {NAME} to"):
        finish_sdist(source, tmp_path / "nowhere", EPOCH)


def test_result_unpacks_under_the_data_filter(tmp_path):
    more = [LINKS["upward inside"], *(member(name, b"x") for name in NAMES.values())]
    path = finish(tmp_path, pack(*more))
    with tarfile.open(path) as archive:
        options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path / "unpacked", **options)
    assert [path.name for path in (tmp_path / "unpacked").iterdir()] == [ROOT]


@settings(
    deadline=None,
    database=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutated_tar_is_finished_or_refused(tmp_path, data):
    broken = bytearray(
        gzip.decompress(pack(link("l", "src"), member(NAMES["umlaut"], b"x")))[:8192]
    )
    place = st.integers(0, len(broken) - 1)
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=8)):
        broken[at] = value
    for start in range(0, len(broken), 512):
        block = broken[start : start + 512]
        if block[257:262] == b"ustar":  # a mutation that tarfile gets to see
            block[148:156] = b" " * 8
            broken[start + 148 : start + 156] = b"%06o\0 " % sum(block)
    with suppress(FelloeError):
        finish(tmp_path, gzip.compress(bytes(broken), 1))
