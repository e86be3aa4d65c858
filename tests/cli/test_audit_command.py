"""``python -m felloe audit`` on wheels that are broken: exit codes, streams, JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.elf_samples import NEEDED, STRSZ, STRTAB, forge_elf
from support.zip_samples import (
    DIST_INFO,
    UTF8,
    WHEEL,
    Entry,
    forge_wheel,
    forge_zip,
    record_of,
    wheel_files,
)

from felloe.cli.main import main

SOUND = forge_wheel()


def felloe(*arguments):
    command = [sys.executable, "-m", "felloe", *map(str, arguments)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def save(directory, data, name=WHEEL):
    path = directory / name
    path.write_bytes(data)
    return path


BROKEN = {
    "not a zip": (b"hello", "not a zip file"),
    "empty": (b"", "is empty"),
    "truncated": (SOUND[:200], "not a zip file"),
    "escaping": (forge_wheel(Entry("../x")), "leads out"),
    "wrong CRC": (
        forge_wheel(Entry("a", b"\x7fELF" * 9, local={"crc": 1}, central={"crc": 1})),
        "CRC-32",
    ),
    "not deflated": (forge_wheel(Entry("a", b"a", packed=b"\xff" * 9)), "not a deflated stream"),
    "no dist-info": (forge_zip([Entry("a")]), "one .dist-info directory"),
    "no name": (forge_wheel(Entry("")), "a member has no name"),
}


@pytest.mark.parametrize(("data", "cause"), BROKEN.values(), ids=BROKEN)
def test_broken_wheel_is_one_error(tmp_path, data, cause):
    done = felloe("audit", save(tmp_path, data))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("felloe: error: ")
    assert done.stderr.count("felloe: error: ") == 1
    assert WHEEL in done.stderr
    assert cause in done.stderr


@pytest.mark.parametrize(("data", "cause"), BROKEN.values(), ids=BROKEN)
def test_broken_wheel_is_one_json_document(tmp_path, data, cause, capsys):
    assert main(["audit", "--json", str(save(tmp_path, data))]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    (line,) = out.splitlines()
    document = json.loads(line)
    assert document["wheel"] == WHEEL
    assert document["passed"] is False
    assert cause in document["error"]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("make", [lambda _: None, Path.mkdir], ids=["missing", "directory"])
def test_what_is_no_file_is_misuse(tmp_path, make, options):
    make(tmp_path / WHEEL)
    done = felloe("audit", *options, save(tmp_path, SOUND, f"1{WHEEL}"), tmp_path / WHEEL)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / WHEEL) in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["audit"], ["audit", "--json"]],
    ids=["no wheel", "no wheel for a flag"],
)
def test_what_is_not_understood_is_misuse(arguments):
    done = felloe(*arguments)
    assert done.returncode == 2
    assert "usage: felloe" in done.stderr


@pytest.mark.parametrize("command", ["audit", "check", "repair", "tags", "unpack", "verify"])
def test_what_is_no_wheel_is_misuse(command, tmp_path, monkeypatch, capsys):
    """By its name, or because it is a directory, and the message says which."""
    monkeypatch.chdir(tmp_path)
    text, place = save(tmp_path, b"hello", "notes.txt"), tmp_path / WHEEL
    place.mkdir()
    assert main([command, str(text)]) == 2
    assert re.search(r"notes\.txt is (not a|neither a) wheel", capsys.readouterr().err)
    assert main([command, str(place)]) == 2
    assert f"not a file: {place}" in capsys.readouterr().err


def test_unreadable_file_is_misuse(tmp_path, monkeypatch, capsys):
    path = save(tmp_path, SOUND)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root reads everything
    monkeypatch.setattr("felloe.cli.auditor.read_policies", dict)
    assert main(["audit", str(path)]) == 2
    assert f"{WHEEL} cannot be read: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_broken_wheel_stops_no_other(tmp_path, place):
    paths = [save(tmp_path, SOUND, f"demo-1.0-{build}-py3-none-any.whl") for build in (1, 2)]
    paths.insert(place, save(tmp_path, b"hello", "demo-1.0-9-py3-none-any.whl"))
    done = felloe("audit", *paths)
    assert done.returncode == 1
    assert done.stdout.count("Passed: runs on every system") == 2
    assert done.stderr.count("felloe: error: ") == 1
    done = felloe("audit", "--json", *paths)
    assert done.returncode == 1
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [document["wheel"] for document in documents] == [path.name for path in paths]
    assert [document["passed"] for document in documents].count(False) == 1


def test_sound_wheel_holds(tmp_path):
    done = felloe("audit", save(tmp_path, SOUND))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Passed: runs on every system" in done.stdout


# RECORD.

FILES = wheel_files()
RECORD = f"{DIST_INFO}/RECORD"
LISTED = {name: data for name, data in FILES.items() if name != RECORD}
GOOD = record_of(LISTED).decode()


def with_record(record, **more):
    files = {**LISTED, **more, **({} if record is None else {RECORD: record})}
    return forge_zip([Entry(name, data) for name, data in files.items()])


RECORDS = {
    "missing": (with_record(None), "the wheel has no RECORD"),
    "missing member": (
        with_record(record_of({**LISTED, "demo/gone.py": b""})),
        "RECORD lists demo/gone.py, which the wheel does not hold",
    ),
    "extra member": (
        with_record(GOOD.encode(), **{"demo/more.py": b""}),
        "RECORD does not list demo/more.py",
    ),
    "wrong size": (
        with_record(GOOD.replace(",108\n", ",109\n").encode()),
        "RECORD states a wrong size for demo/__init__.py",
    ),
    "size no number": (
        with_record(GOOD.replace(",108\n", ",many\n").encode()),
        "RECORD states a wrong size for demo/__init__.py",
    ),
    "duplicate": (
        with_record((GOOD.splitlines(keepends=True)[0] + GOOD).encode()),
        "RECORD lists demo/__init__.py twice",
    ),
    "two columns": (with_record(b"a,b\n"), "RECORD has a line that is not path,hash,size"),
    "four columns": (with_record(b"a,b,1,2\n"), "RECORD has a line that is not path,hash,size"),
    "empty": (with_record(b""), f"RECORD does not list {DIST_INFO}/METADATA"),
    "not UTF-8": (with_record(b"\xff,,\n"), "RECORD cannot be read"),
    "huge field": (with_record(b'"' + b"a" * 131_080 + b'",,\n'), "RECORD cannot be read"),
}


@pytest.mark.parametrize(("data", "problem"), RECORDS.values(), ids=RECORDS)
def test_wrong_record_is_a_false_claim(tmp_path, data, problem, capsys):
    path = str(save(tmp_path, data))
    assert main(["audit", path]) == 1
    out, err = capsys.readouterr()
    assert (problem in out, err) == (True, "")
    assert "Failed: 1 problem" in out
    assert main(["audit", "--json", path]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    assert [found["message"].startswith(problem) for found in document["problems"]] == [True]


@pytest.mark.parametrize(
    "record",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",108\n", ",\n"),
        GOOD + f"{RECORD}.jws,,\n",
        "".join(reversed(GOOD.splitlines(keepends=True))),
        GOOD.replace("demo/__init__.py", '"demo/__init__.py"'),
    ],
    ids=["as written", "CRLF", "no size", "signature", "other order", "quoted"],
)
def test_record_of_another_spelling_holds(tmp_path, record, capsys):
    assert main(["audit", str(save(tmp_path, with_record(record.encode())))]) == 0
    assert "Passed: runs on every system" in capsys.readouterr().out


# Names that are meant for the reader's terminal.


def test_names_in_objects_cannot_steer_the_terminal_or_forge_a_verdict(tmp_path, capsys):
    text = b"\0\x1b[2Jlib\n\nPassed: runs on every system\0"
    elf = forge_elf([(STRTAB, "text"), (STRSZ, len(text)), (NEEDED, 1)], text=text)
    tag = "cp311-cp311-manylinux_2_17_x86_64"
    files = wheel_files({"demo/m.cpython-311-x86_64-linux-gnu.so": elf}, tag=tag)
    data = forge_zip([Entry(name, content) for name, content in files.items()])
    assert main(["audit", str(save(tmp_path, data, f"demo-1.0-{tag}.whl"))]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "Passed: runs on every system" not in out.splitlines()


def test_reader_that_leaves_early_is_no_error(tmp_path):
    """``felloe audit … | head -1``."""
    paths = [save(tmp_path, SOUND, f"demo-1.0-{build}-py3-none-any.whl") for build in range(300)]
    command = [sys.executable, "-m", "felloe", "audit", *paths]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 1


def test_narrow_encoding_escapes_what_it_cannot_show(tmp_path):
    name = "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n.py"
    files = {**LISTED, name: b"", RECORD: GOOD.encode()}
    data = forge_zip([Entry(path, content, flags=UTF8) for path, content in files.items()])
    command = [sys.executable, "-m", "felloe", "audit", save(tmp_path, data)]
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, text=True, capture_output=True, check=False, env=environ)
    assert done.returncode == 1
    assert r"RECORD does not list gr\xfcn.py" in done.stdout
