"""Names that not every system can create or tell apart."""

import pytest
from support.dist_samples import make_wheel

from felloe.audit.policy.family import read_policies
from felloe.audit.wheel_file import Auditor
from felloe.check.check import check_file
from felloe.errors import MalformedArchive
from felloe.wheel.member import Member
from felloe.wheel.member_name import check_file_tree, find_twins, find_windows_problem
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import parse_wheel_name
from felloe.wheel.writer import write_wheel

COMPOSED = "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n.py"
DECOMPOSED = "gru\N{COMBINING DIAERESIS}n.py"


@pytest.mark.parametrize(
    "name", ["con.py", "demo/NUL", "aux", "COM1.tar.gz", "a:b.py", "a?", 'a"b', "a.", "a /b", "a|b"]
)
def test_names_that_windows_refuses(name):
    assert find_windows_problem(name)


@pytest.mark.parametrize("name", ["console.py", "demo/null", "com.py", "com10", "a.b", "a b", ".a"])
def test_names_that_windows_takes(name):
    assert find_windows_problem(name) is None


def test_twins():
    names = ["a.py", "A.py", "b.py", COMPOSED, DECOMPOSED, "c/x", "C/x", "d/x", "D/y"]
    assert list(find_twins(names)) == [["A.py", "a.py"], ["C/x", "c/x"], [DECOMPOSED, COMPOSED]]


@pytest.mark.parametrize("files", [["a", "a/b"], ["x/y/z/a", "x/y"], ["a/b", "a", "a.b"]])
def test_a_file_is_not_a_directory_too(files):
    with pytest.raises(MalformedArchive, match="needs a directory of that name"):
        check_file_tree(files)


def test_many_deep_names_take_no_time():
    check_file_tree([f"{'d/' * 1000}{at}" for at in range(2000)])


def test_no_wheel_is_written_with_a_file_that_is_a_directory(tmp_path):
    """As when libraries are copied to ``demo.libs`` and a file has that name."""
    files = ("demo.libs", "demo.libs/libz.so", "demo-1.0.dist-info/WHEEL")
    members = tuple(Member.from_bytes(name, b"") for name in files)
    name = parse_wheel_name("demo-1.0-py3-none-any.whl")
    with pytest.raises(MalformedArchive, match=r"demo\.libs is a file"):
        write_wheel(StagedWheel(name, "demo-1.0.dist-info", members), tmp_path, 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["demo/con.py"], "demo/con.py cannot be unpacked on Windows: con.py is the name of a dev"),
        (["demo/a:b.py"], "demo/a:b.py cannot be unpacked on Windows"),
        ([COMPOSED, DECOMPOSED], r"gru\u0308n.py and"),
    ],
)
def test_check_notes_them(tmp_path, names, says):
    wheel = make_wheel(tmp_path, files=dict.fromkeys(names, b""))
    notes = [item.message for item in check_file(wheel, Auditor(read_policies())) if item.is_note]
    assert any(says in note for note in notes), notes
