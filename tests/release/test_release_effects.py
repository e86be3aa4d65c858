"""Children that end when we do, interpreters that answer, trees that keep their time stamps."""

import io
import json
import os
import re
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from felloe import terminal
from felloe.errors import MalformedArchive, UsageError
from felloe.python.search import find_interpreters
from felloe.release.process import Children, Stopped
from felloe.release.progress import Progress
from felloe.release.source_tree import digest_sdist, read_member, refresh_tree, unpack_sdist

GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def wait_until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "ignore", ["", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"]
)
def test_stop_ends_children_and_theirs(tmp_path, ignore):
    children, log, ended = Children(), tmp_path / "log", []

    def work():
        try:
            command = [sys.executable, "-c", f"{ignore}\n{GRANDCHILD}"]
            children.run(command, log, os.environ, tmp_path)
        except Stopped:
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: log.exists() and re.search(r"^\d+$", log.read_text(), re.MULTILINE))
    grandchild = int(log.read_text().splitlines()[-1])
    assert is_alive(grandchild)
    children.stop()
    thread.join(10)
    assert ended == [True]
    wait_until(lambda: not is_alive(grandchild))
    with pytest.raises(Stopped):
        children.run([sys.executable, "-c", ""], log, os.environ, tmp_path)


def test_a_child_leaves_its_output_and_its_code(tmp_path):
    log = tmp_path / "log"
    code = "import sys, os; print('out'); print('err', file=sys.stderr); "
    code += "sys.exit(os.getcwd() != sys.argv[1])"
    command = [sys.executable, "-c", code, str(tmp_path.resolve())]
    assert Children().run(command, log, os.environ, tmp_path) == 0
    assert {"out", "err"} <= set(log.read_text().splitlines())
    assert log.read_text().startswith("$ ")


def test_a_program_that_is_not_there_fails(tmp_path):
    log = tmp_path / "log"
    assert Children().run(["no-such-program"], log, os.environ, tmp_path) == 127
    assert "no-such-program: No such file" in log.read_text()


def fake(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def answer(version, **more):
    facts = {"implementation": "cpython", "version": version, "flags": "", "soabi": "s"}
    facts |= {"platform": "linux_x86_64", "libc": "glibc", "has_pip": True, **more}
    return f"echo '{json.dumps(facts)}'"


def test_interpreters_are_found_where_they_usually_are(tmp_path):
    home, path = tmp_path / "home", tmp_path / "bin"
    fake(home / ".pyenv/versions/3.12.1/bin/python3", answer([3, 12, 1]))
    fake(home / ".pyenv/versions/3.12.10/bin/python3", answer([3, 12, 10]))
    fake(home / ".pyenv/versions/2.7.18/bin/python", "exit 2")
    fake(home / ".pyenv/shims/python3.7", answer([3, 7, 0]))
    fake(tmp_path / "managed/cpython-3.14+freethreaded/bin/python3", answer([3, 14, 0], flags="t"))
    fake(path / "uv", f"echo {tmp_path}/managed")
    fake(path / "python3.11", answer([3, 11, 0]))
    fake(path / "python3.11-config", "exit 3")
    (path / "python3").symlink_to("python3.11")
    fake(path / "python3.6", "echo nonsense")
    environ = {"HOME": str(home), "PATH": f"{home}/.pyenv/shims:{path}:/nowhere"}
    found = find_interpreters([], Path(sys.executable), environ)
    listed = [(item.tag, item.release, item.source) for item in found]
    assert [row for row in listed if row[2] not in ("/opt/python", "running felloe")] == [
        ("cp312", "3.12.10", "pyenv"),
        ("cp312", "3.12.1", "pyenv"),
        ("cp314t", "3.14.0", "uv"),
        ("cp311", "3.11.0", "PATH"),
    ]
    (own,) = [item for item in found if item.source == "running felloe"]
    assert own.version == sys.version_info[:3]
    assert own.implementation == sys.implementation.name


def test_a_virtual_environment_is_one_interpreter(tmp_path):
    programs = tmp_path / "venv" / "bin"
    for name in ("python", "python3", "python3.12"):
        fake(programs / name, answer([3, 12, 1]))
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    environ = {"HOME": str(tmp_path), "PATH": str(programs)}
    found = find_interpreters([], Path(sys.executable), environ)
    assert [item.tag for item in found if item.source == "PATH"] == ["cp312"]


def test_a_place_that_cannot_be_looked_into_is_passed_over(tmp_path):
    place = f"/{'x' * 300}"  # no system has names of this length: an error, as is a closed door
    programs = tmp_path / "bin"
    fake(programs / "python3.12", answer([3, 12, 1]))
    (programs / "python3.13").symlink_to(place)
    environ = {"HOME": str(tmp_path), "PYENV_ROOT": place, "PATH": f"{place}:{programs}"}
    found = find_interpreters([], Path(sys.executable), environ)
    assert [item.tag for item in found if item.source == "PATH"] == ["cp312"]


def test_a_named_program_must_be_an_interpreter(tmp_path):
    named = tmp_path / "python"
    fake(named, "exit 1")
    for word in (str(named), f"{tmp_path}/missing"):
        with pytest.raises(UsageError, match="does not run as a Python interpreter"):
            find_interpreters([word], Path(sys.executable), {"HOME": str(tmp_path)})


def make_sdist(path, files, *, mtime=0, links=(), top="demo-1"):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mtime = len(text), mtime
            archive.addfile(member, io.BytesIO(text.encode()))
        for name, target in dict(links).items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return path


def test_the_digest_is_of_the_contents(tmp_path):
    one = make_sdist(tmp_path / "a.tar.gz", {"a": "1", "b": "2"})
    same = make_sdist(tmp_path / "b.tar.gz", {"b": "2", "a": "1"}, mtime=99)
    other = make_sdist(tmp_path / "c.tar.gz", {"a": "2", "b": "1"})
    assert digest_sdist(one) == digest_sdist(same) != digest_sdist(other)
    assert read_member(one, "b") == b"2"
    assert read_member(one, "c") == b""


def test_a_refreshed_tree_keeps_the_time_of_what_stays(tmp_path):
    place = tmp_path / "cache" / "tree"
    files = {"kept.c": "1", "changed.c": "1", "sub/gone.c": "1", "turned": "1"}
    refresh_tree(make_sdist(tmp_path / "a.tar.gz", files, links={"link": "kept.c"}), place)
    old = time.time() - 1000
    for name in files:
        os.utime(place / name, (old, old))
    (place / "made-by-a-build").mkdir()
    files = {"kept.c": "1", "changed.c": "2", "turned/into": "1", "new.c": "1"}
    refresh_tree(make_sdist(tmp_path / "b.tar.gz", files, links={"link": "new.c"}), place)
    found = {path.relative_to(place).as_posix() for path in place.rglob("*")}
    assert found == {*files, "turned", "link"}
    assert (place / "kept.c").stat().st_mtime == pytest.approx(old, abs=2)
    assert (place / "changed.c").stat().st_mtime > old + 900
    assert (place / "changed.c").read_text() == "2"
    assert (place / "link").readlink() == Path("new.c")
    assert [path.name for path in place.parent.iterdir()] == ["tree"]


@pytest.mark.parametrize(
    ("files", "links", "text"),
    [
        ({"../out": "x"}, {}, "leads out"),
        ({"a": "x"}, {"l": "../../../etc"}, "leads out of the tree"),
        ({"a": "x"}, {"l": "/etc"}, "leads out of the tree"),
    ],
)
def test_a_tree_stays_in_its_place(tmp_path, files, links, text):
    sdist = make_sdist(tmp_path / "a.tar.gz", files, links=links)
    room = tmp_path / "room"
    room.mkdir()
    with pytest.raises(MalformedArchive, match=text):
        unpack_sdist(sdist, room)
    assert not list(room.iterdir())


def test_what_is_no_sdist_is_said(tmp_path):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(b"hello")
    with pytest.raises(MalformedArchive, match=r"a\.tar\.gz is not a gzipped tar file"):
        digest_sdist(path)


def test_a_log_gets_one_line_for_each_event(capsys, tmp_path):
    progress = Progress()
    progress.start("cp313", "building", tmp_path / "log")
    progress.tick(3)
    progress.end("cp313", "done")
    assert capsys.readouterr().err == "felloe: cp313: building\nfelloe: cp313: done\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.tools("rich")
def test_a_terminal_shows_the_last_line_of_each_task(monkeypatch, tmp_path):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(terminal, "_consoles", {})
    terminal.use_rich()
    log = tmp_path / "log"
    log.write_text("\x1b[32m[1/2] Building\x1b[0m " + "x" * 200 + "\n\n  \n")
    progress = Progress()
    progress.start("cp313", "building", log)
    progress.tick(1)
    progress.end("cp313", "done")
    progress.close()
    shown = sys.stderr.getvalue()
    assert "  cp313  building    0 s  [1/2] Building xxx" in shown
    assert max(map(len, shown.splitlines())) < 100
    assert "1 waiting" in shown
    assert shown.index("waiting") < shown.index("felloe: cp313: done")
