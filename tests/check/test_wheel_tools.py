"""``felloe unpack``, ``pack``, ``tags`` and ``verify`` on wheels that are forged."""

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest
from support.elf_samples import NEEDED, STRSZ, STRTAB, forge_elf
from support.json_schema import validate
from support.zip_samples import DIST_INFO, WHEEL, Entry, forge_wheel, forge_zip, wheel_files

import felloe
from felloe.audit.retag import TagChange, apply
from felloe.cli.main import main
from felloe.errors import UsageError
from felloe.wheel.tags import parse_wheel_name

SCHEMA = json.loads(
    Path(felloe.__file__).with_name("check").joinpath("check.schema.json").read_text()
)
TREE = "demo-1.0"
MODULE = "demo/m.cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(place, data, name=WHEEL):
    path = place / name
    path.write_bytes(data)
    return path


def call(*words):
    return main(list(map(str, words)))


def save_binary(place, tag="cp311-cp311-linux_x86_64"):
    """A wheel of one module, which needs a library that no policy allows."""
    text = b"\0libfoo.so.1\0"
    elf = forge_elf([(STRTAB, "text"), (STRSZ, len(text)), (NEEDED, 1)], text=text)
    entries = [Entry(name, data) for name, data in wheel_files({MODULE: elf}, tag=tag).items()]
    return save(place, forge_zip(entries), f"demo-1.0-{tag}.whl")


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_unpacked_is_what_was_packed(place, capsys):
    wheel = save(place, forge_wheel())
    assert call("unpack", wheel) == 0
    found = {p.relative_to(place / TREE).as_posix(): p for p in (place / TREE).rglob("*")}
    files = {name: path.read_bytes() for name, path in found.items() if path.is_file()}
    assert files == contents(wheel)
    assert capsys.readouterr().out == f"felloe: unpacked {WHEEL} to {TREE}\n"


def test_programs_stay_programs(place):
    files = wheel_files({"demo/run": b"#!/bin/sh\n", "demo/data": b""})
    run = (stat.S_IFREG | 0o755) << 16
    entries = [
        Entry(name, data, **({"attributes": run} if name == "demo/run" else {}))
        for name, data in files.items()
    ]
    wheel = save(place, forge_zip(entries))
    assert call("unpack", wheel, "-o", "out") == 0
    tree = place / "out" / TREE
    assert os.access(tree / "demo/run", os.X_OK)
    assert not os.access(tree / "demo/data", os.X_OK)
    assert call("pack", tree, "-o", "again") == 0
    with zipfile.ZipFile(place / "again" / WHEEL) as archive:
        modes = {info.filename: info.external_attr >> 16 & 0o111 for info in archive.infolist()}
    assert modes["demo/run"]
    assert not modes["demo/data"]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (Entry("../out", b"x"), "leads out of the archive"),
        (Entry("/etc/out", b"x"), "is absolute"),
        (Entry("demo/link", b"/etc", attributes=(stat.S_IFLNK | 0o777) << 16), "symbolic link"),
        (Entry("demo/unlisted", b"x"), "RECORD does not list demo/unlisted"),
    ],
)
def test_what_is_not_as_it_says_is_not_unpacked(place, capsys, more, text):
    wheel = save(place, forge_wheel(more))
    assert call("unpack", wheel) == 1
    assert text in capsys.readouterr().err
    assert [path.name for path in place.iterdir()] == [WHEEL]
    assert call("verify", wheel) == 1
    assert text in capsys.readouterr().out


def test_a_false_record_can_be_mended(place, capsys):
    broken = save(place, forge_wheel(Entry("demo/unlisted", b"x")))
    assert call("unpack", "--no-verify", broken) == 0
    assert call("pack", TREE, "-o", "mended") == 0
    assert call("verify", f"mended/{WHEEL}") == 0
    assert call("check", "--json", f"mended/{WHEEL}") in (0, 1)
    assert "record" not in capsys.readouterr().out.splitlines()[-1]


def test_a_wrong_crc_is_refused_even_unverified(place):
    """And nothing of the wheel is left."""
    entry = Entry("demo/crc", b"x", local={"crc": 1}, central={"crc": 1})
    assert call("unpack", "--no-verify", save(place, forge_wheel(entry))) == 1
    assert [path.name for path in place.iterdir()] == [WHEEL]


def test_members_that_cannot_be_files_at_once(place, capsys):
    wheel = save(place, forge_wheel(Entry("a", b"x"), Entry("a/b", b"x")))
    assert call("unpack", "--no-verify", wheel) == 1
    assert "a is a file, and a/b needs a directory" in capsys.readouterr().err
    assert [path.name for path in place.iterdir()] == [WHEEL]


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/nowhere")])
def test_nothing_is_unpacked_over(place, capsys, make):
    wheel = save(place, forge_wheel())
    make(place / TREE)
    assert call("unpack", wheel) == 1
    assert "already exists" in capsys.readouterr().err


def test_packing_is_reproducible(place):
    wheel = save(place, forge_wheel())
    call("unpack", wheel)
    call("pack", TREE, "-o", "one")
    for path in (place / TREE).rglob("*"):
        os.utime(path, (0, 0))
    call("pack", TREE, "-o", "two")
    assert (place / "one" / WHEEL).read_bytes() == (place / "two" / WHEEL).read_bytes()
    assert call("verify", place / "one" / WHEEL) == 0


def test_a_changed_tree_has_a_new_record(place):
    call("unpack", save(place, forge_wheel()))
    (place / TREE / "demo/__init__.py").write_text("answer = 43\n")
    (place / TREE / "demo/new.py").write_text("")
    assert call("pack", TREE, "-o", "out", "--build", "2local") == 0
    name = WHEEL.replace("-1.0-", "-1.0-2local-")
    found = contents(place / "out" / name)
    assert found["demo/__init__.py"] == b"answer = 43\n"
    assert "demo/new.py" in found
    assert b"Build: 2local" in found[f"{DIST_INFO}/WHEEL"]
    assert call("verify", place / "out" / name) == 0
    # The number stays, or goes, as it is asked.
    call("unpack", place / "out" / name, "-o", "other")
    call("pack", f"other/{TREE}", "-o", "same")
    call("pack", f"other/{TREE}", "-o", "none", "--build", "")
    assert (place / "same" / name).exists()
    assert (place / "none" / WHEEL).exists()


def tree_of(place):
    call("unpack", save(place, forge_wheel()))
    return place / TREE


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda t: (t / "demo/link").symlink_to("/etc/passwd"), "is a symbolic link"),
        (lambda t: os.mkfifo(t / "demo/pipe"), "neither a file nor a directory"),
        (lambda t: (t / "b-1.dist-info").mkdir(), "must hold one .dist-info directory"),
        (lambda t: (t / DIST_INFO).rename(t / "gone"), "it holds none"),
        (lambda t: (t / DIST_INFO / "WHEEL").unlink(), "WHEEL cannot be read"),
        (lambda t: (t / DIST_INFO / "WHEEL").write_text("Tag: py3\n"), "no Tag lines of the form"),
        (
            lambda t: (t / DIST_INFO / "WHEEL").write_text("Tag: py3-none-any\nTag: py2-x-any\n"),
            "not all combinations",
        ),
        (lambda t: (t / "demo/a\\b").touch(), "characters that no portable file name has"),
    ],
)
def test_what_no_wheel_can_hold_is_not_packed(place, capsys, spoil, text):
    tree = tree_of(place)
    spoil(tree)
    assert call("pack", tree, "-o", "out") == 1
    assert text in capsys.readouterr().err
    assert not list((place / "out").glob("*"))


def test_what_is_no_directory_is_misuse(place, capsys):
    assert call("pack", place / "missing") == 2
    assert call("pack", tree_of(place), "--build", "x") == 2
    assert "is not a build number" in capsys.readouterr().err


def test_false_tags_are_not_packed(place, capsys):
    call("unpack", save_binary(place))
    path = place / TREE / DIST_INFO / "WHEEL"
    path.write_text(path.read_text().replace("linux_x86_64", "manylinux_2_17_x86_64"))
    assert call("pack", TREE, "-o", "out") == 1
    assert "libfoo.so.1" in capsys.readouterr().err
    assert not list((place / "out").iterdir())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (TagChange(python="cp310"), "demo-1.0-cp310-abi3-linux_x86_64"),
        (TagChange(python="+cp310.cp38"), "demo-1.0-cp310.cp38.cp39-abi3-linux_x86_64"),
        (TagChange(abi="none", platform="any"), "demo-1.0-cp39-none-any"),
        (TagChange(build="3"), "demo-1.0-3-cp39-abi3-linux_x86_64"),
        (TagChange(python="cp39"), "demo-1.0-cp39-abi3-linux_x86_64"),
    ],
)
def test_how_a_name_changes(change, expected):
    name = parse_wheel_name("demo-1.0-cp39-abi3-linux_x86_64.whl")
    assert apply(change, name).filename == f"{expected}.whl"


def test_tags_can_be_taken_out():
    name = parse_wheel_name("demo-1.0-1-py2.py3-none-any.whl")
    assert apply(TagChange(python="-py2", build=""), name).filename == WHEEL
    for text in ("-py2.py3", "-py4"):
        with pytest.raises(UsageError):
            apply(TagChange(python=text), name)


def test_a_retag_that_is_true_is_written(place, capsys):
    wheel = save(place, forge_wheel())
    assert call("tags", wheel, "--python-tag", "py310", "--build", "7") == 0
    name = "demo-1.0-7-py310-none-any.whl"
    assert capsys.readouterr().out == f"{name}\n"
    text = contents(place / name)[f"{DIST_INFO}/WHEEL"].decode()
    assert "Tag: py310-none-any" in text
    assert "Build: 7" in text
    assert "Generator: tests" in text
    assert call("verify", name) == 0
    assert wheel.exists()


def test_a_repair_reads_where_files_go_as_installers_do(place):
    """pip and others compare the value without regard to case."""
    files = wheel_files({"demo/__init__.py": b"x = 1"})
    wheel_file = f"{DIST_INFO}/WHEEL"
    files[wheel_file] = files[wheel_file].replace(b"Purelib: true", b"Purelib:  True")
    wheel = save(place, forge_zip([Entry(name, data) for name, data in files.items()]))
    assert call("repair", wheel, "-w", "out") == 0
    assert b"Root-Is-Purelib: true\n" in contents(place / "out" / WHEEL)[wheel_file]


def test_remove_takes_the_old_one(place, capsys):
    wheel = save(place, forge_wheel())
    assert call("tags", wheel, "--remove", "--python-tag", "py39") == 0
    assert [path.name for path in place.iterdir()] == ["demo-1.0-py39-none-any.whl"]
    # But not if nothing changed.
    (written,) = place.iterdir()
    assert call("tags", written, "--remove", "--python-tag", "py39") == 0
    assert written.exists()
    assert capsys.readouterr().out.splitlines()[-1] == written.name


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--platform-tag", "manylinux_2_17_x86_64"), "libfoo.so.1"),
        (("--platform-tag", "manylinux_2_17_aarch64"), "aarch64"),
        (("--platform-tag", "any"), "promises any machine"),
        (("--python-tag", "cp312"), "works only with cp311"),
        (("--abi-tag", "abi3"), "works only with cp311"),
    ],
)
def test_a_retag_that_promises_more_than_is_proved_is_refused(place, capsys, flags, text):
    wheel = save_binary(place)
    assert call("tags", wheel, *flags, "--remove") == 1
    err = capsys.readouterr().err
    assert "no wheel is written as demo-1.0-" in err
    assert text in err
    assert [path.name for path in place.iterdir()] == [wheel.name]


def test_one_refusal_does_not_stop_the_others(place, capsys):
    binary, pure = save_binary(place), save(place, forge_wheel())
    assert call("tags", binary, pure, "--python-tag", "py310") == 1
    assert capsys.readouterr().out == "demo-1.0-py310-none-any.whl\n"


def test_what_is_no_tag_is_refused(place):
    assert call("tags", save(place, forge_wheel()), "--platform-tag", "a/../b") == 1
    assert call("tags", place / "missing.whl", "--build", "1") == 2
    assert call("tags", save(place, forge_wheel()), "--build", "x") == 2


@pytest.mark.tools("jsonschema")
def test_verify_speaks_json(place, capsys):
    sound = save(place, forge_wheel())
    broken = save(place, forge_wheel(Entry("demo/x", b"x")), "demo-1.0-1-py3-none-any.whl")
    assert call("verify", "--json", sound, broken) == 1
    documents = list(map(json.loads, capsys.readouterr().out.splitlines()))
    for document in documents:
        validate(document, SCHEMA)
    assert [document["accepted"] for document in documents] == [True, False]
    assert documents[1]["problems"][0]["rule"] == "record"


def test_verify_wants_wheels(place, capsys):
    (place / "a.tar.gz").touch()
    assert call("verify", place / "a.tar.gz") == 2
    assert "is not a wheel" in capsys.readouterr().err


def test_a_wheel_without_record_is_not_verified(place, capsys):
    files = wheel_files()
    del files[f"{DIST_INFO}/RECORD"]
    wheel = save(place, forge_zip([Entry(name, data) for name, data in files.items()]))
    assert call("verify", wheel) == 1
    assert "the wheel has no RECORD" in capsys.readouterr().out
