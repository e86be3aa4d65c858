"""What is read of the engine's import hook, and what is added to it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from felloe.build.editable.import_hook import add_rebuild, parse_hook, read_hook
from felloe.build.editable.rebuild_hook import find_changes
from felloe.build.editable.state import read_stamps, write_stamps
from felloe.build.tree.identity import find_changes as compare_identities
from felloe.build.tree.identity import take_identities
from felloe.repair.finish import GENERATOR
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import parse_wheel_name
from felloe.wheel.wheel_file import retag

ENGINE = (
    Path(find_spec("scikit_build_core").origin).parent / "resources" / "_editable_redirect.py"
).read_text(encoding="utf-8")
CALL = "install({}, {'m': '/r/m.so'}, {}, [], '/r', True, False, ['--config', 'Release'], [], '/p')"
VALUES = {"PROJECT": "/my project", "STATE": "/it's", "PYTHON": "/python", "HOME": "/home"}


def stage(text, *others):
    name = parse_wheel_name("m-1-py3-none-any.whl")
    members = (Member.from_bytes("_editable_skbc_m.py", text.encode()), *others)
    wheel = Member.from_bytes("m-1.dist-info/WHEEL", b"Root-Is-Purelib: true\n")
    return StagedWheel(name, "m-1.dist-info", (*members, wheel))


def unpack(staged, place):
    for member in staged.members:
        path = place / member.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(member.read()))


def test_the_call_is_read():
    hook = read_hook(stage(f"{ENGINE}\n{CALL}\n"))
    assert (hook.rebuilds, hook.path, hook.prefix) == (True, "/r", "/p")
    assert hook.build_options == ("--config", "Release")
    inplace = parse_hook("x.py", f"{ENGINE}\ninstall_inplace(['m'], ['/s'], None, False, True, [])")
    assert (inplace.rebuilds, inplace.path, inplace.prefix) == (False, "", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "install(",
        "install({})",
        ENGINE,
        f"{ENGINE}\n{CALL}\n{CALL}\n",
        f"{ENGINE}\n{CALL.replace('True', 'f()')}\n",
        f"{ENGINE}\n{CALL}\n".replace("def rebuild(self)", "def build(self)"),
    ],
)
def test_what_is_not_understood_is_left_alone(text):
    assert parse_hook("_editable_skbc_m.py", text) is None


def test_a_start_file_keeps_its_meaning(tmp_path):
    """PEP 829: what the interpreter calls is a function, maybe twice, after the import."""
    start = Member.from_bytes("_editable_skbc_m.start", b"\xef\xbb\xbf_editable_skbc_m:entrypoint")
    staged = stage(f"{ENGINE}\n\ndef entrypoint() -> None:\n    {CALL}\n", start)
    wheel = retag(add_rebuild(staged, read_hook(staged), VALUES), staged.name, generator=GENERATOR)
    assert wheel.find(start.name) == start
    unpack(wheel, tmp_path)
    code = (
        "import sys, _editable_skbc_m as hook; hook.entrypoint(); hook.entrypoint(); "
        "finder, other = sys.meta_path[:2]; print(type(finder).rebuild.__name__, finder.path, "
        "type(other) is type(finder), '_editable_skbc_m_rebuild' in sys.modules); "
        "import _editable_skbc_m_rebuild as r; print([r.PROJECT, r.STATE, r.PYTHON, r.HOME])"
    )
    command = [sys.executable, "-c", code]
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == [
        "_rebuild_by_felloe /r False False",
        str(list(VALUES.values())),
    ]


def take(*paths):
    return take_identities([f"f{path}" for path in paths], lambda _: False)


@pytest.mark.parametrize("cut", [0, 1, 5, -1, -4])
def test_stamps_that_were_cut_short_say_nothing(tmp_path, cut):
    """A machine that lost power may have kept nothing of a file but its name."""
    stamps, source = tmp_path / "stamps", tmp_path / "source.c"
    source.touch()
    write_stamps(stamps, take(source))
    assert find_changes(str(stamps)) == []
    text = stamps.read_text()
    source.write_text("new")
    stamps.write_text(text[:cut])
    assert find_changes(str(stamps)) is None
    assert read_stamps(stamps) is None


def test_an_import_compares_as_a_build_does(tmp_path):
    names = ("file", "gone", "new", "directory", "link")
    file, gone, new, directory, link = (tmp_path / name for name in names)
    file.touch()
    gone.touch()
    directory.mkdir()
    link.symlink_to("file")
    identities = {**take(file, gone, new, directory, os.devnull)}
    identities |= take_identities([f"l{link}", f"d{directory}"], lambda _: False)
    write_stamps(tmp_path / "stamps", identities)
    assert find_changes(str(tmp_path / "stamps")) == []
    gone.unlink()
    new.touch()
    (directory / "x").touch()
    link.unlink()
    expected = {f"f{gone}", f"f{new}", f"d{directory}", f"l{link}"}
    assert {key for key, _ in find_changes(str(tmp_path / "stamps"))} == expected
    assert compare_identities(identities).content == expected
