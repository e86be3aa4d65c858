"""RECORD, entry points and WHEEL: pure rules on small texts."""

import base64
import hashlib

import pytest

from felloe.check.entry_point_rules import check_entry_points
from felloe.check.record_rules import check_record
from felloe.check.rule import Rule
from felloe.check.wheel_file_rules import check_directories, check_wheel_file
from felloe.errors import MalformedArchive
from felloe.wheel.tags import parse_wheel_name

FILES = {"a.py": b"a", "b.py": b"bb", "d.dist-info/METADATA": b"m"}
RECORD = "d.dist-info/RECORD"
NAME = parse_wheel_name("demo-1.0-py3-none-any.whl")


def digest(name, algorithm):
    value = hashlib.new(algorithm, FILES[name]).digest()
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def row(name, algorithm="sha256", size=None):
    return (
        f"{name},{algorithm}={digest(name, algorithm)},{len(FILES[name]) if size is None else size}"
    )


def check(*rows, sizes=None, digest=digest):
    text = "\n".join([*rows, ""]).encode()
    sizes = {name: len(data) for name, data in FILES.items()} if sizes is None else sizes
    return [r.message for r in check_record(text, RECORD, {**sizes, RECORD: 9}, digest)]


GOOD = [*map(row, FILES), f"{RECORD},,"]


@pytest.mark.parametrize(
    "rows",
    [
        GOOD,
        GOOD[::-1],
        [row("a.py", "sha512"), row("b.py", "sha384"), *GOOD[2:]],
        [row("a.py", size=""), *GOOD[1:]],
        [*GOOD, "d.dist-info/RECORD.jws,,"],
    ],
)
def test_good_records(rows):
    assert check(*rows) == []


def test_signatures_need_not_be_listed():
    sizes = {name: len(data) for name, data in FILES.items()}
    assert check(*GOOD, sizes={**sizes, "d.dist-info/RECORD.jws": 5}) == []


@pytest.mark.parametrize(
    ("rows", "messages"),
    [
        (GOOD[:-1], [f"RECORD does not list {RECORD}"]),
        (GOOD[2:], ["RECORD does not list a.py, b.py"]),
        ([*GOOD, "d/,,"], ["RECORD lists d/, which the wheel does not hold"]),
        ([*GOOD, GOOD[0]], ["RECORD lists a.py twice"]),
        ([row("a.py", "md5"), *GOOD[1:]], ["RECORD has no hash of a.py by sha256 or better"]),
        ([row("a.py", size=7), *GOOD[1:]], ["RECORD states a wrong size for a.py"]),
        ([GOOD[0].replace("=", "=x"), *GOOD[1:]], ["RECORD states a wrong hash of a.py"]),
        (
            [GOOD[0].replace("sha256", "what"), *GOOD[1:]],
            ["RECORD has no hash of a.py by sha256 or better"],
        ),
        (["a.py", *GOOD[1:]], ["RECORD has a line that is not path,hash,size"]),
        (
            [row("a.py", size=7), *GOOD[2:], "c.py,,"],
            [
                "RECORD does not list b.py",
                "RECORD lists c.py, which the wheel does not hold",
                "RECORD states a wrong size for a.py",
            ],
        ),
    ],
)
def test_bad_records(rows, messages):
    assert check(*rows) == messages


def test_many_names_are_counted():
    sizes = {f"{number}.py": 1 for number in range(9)}
    assert check(f"{RECORD},,", sizes=sizes) == [
        "RECORD does not list 0.py, 1.py, 2.py, 3.py, 4.py and 4 more"
    ]


def test_a_record_that_is_no_text():
    (ruling,) = check_record(b"\xff", RECORD, {}, digest)
    assert (ruling.rule, ruling.path) == (Rule.RECORD, RECORD)
    assert "cannot be read" in ruling.message


def test_a_member_that_cannot_be_read_does_not_hide_the_others():
    def failing(name, _):
        if name == "a.py":
            raise MalformedArchive("a.py differs from its stated size or CRC-32")
        return "wrong"

    assert check(*GOOD, digest=failing) == [
        "a.py differs from its stated size or CRC-32",
        "RECORD states a wrong hash of b.py, d.dist-info/METADATA",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[console_scripts]\ndemo = demo:main\n",
        "[console_scripts]\ndemo = demo.cli:main.run [extra]\nDemo = demo:main\n",
        "[gui_scripts]\na-b.c_1=demo : main\n",
        "# comment\n[my.group]\na b = anything %(goes)s\n",
    ],
)
def test_good_entry_points(text):
    assert not list(check_entry_points(text.encode(), "entry_points.txt"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff", "is not UTF-8"),
        (b"demo = demo:main", "no section headers"),
        (b"[a]\nb\n", "cannot be read"),
        (b"[a]\nb : c\n", "cannot be read"),
        (b"[a]\nb = c\nb = d\n", "already exists"),
        (b"[a]\nb = c\n[a]\nd = e\n", "already exists"),
        (b"[console_scripts]\na/b = c:d\n", "'a/b', which is not a file name"),
        (b"[gui_scripts]\na = c:d e\n", "which no installer can call"),
        (b"[console_scripts]\na = c\n", "which no installer can call"),
    ],
)
def test_bad_entry_points(text, says):
    (ruling,) = check_entry_points(text, "x/entry_points.txt")
    assert ruling.rule is Rule.ENTRY_POINTS
    assert says in ruling.message
    assert ruling.hint
    assert ruling.path == "x/entry_points.txt"


def wheel_file(*lines, name=NAME, binaries=()):
    text = "\n".join([*lines, ""]).encode()
    rulings = list(check_wheel_file(text, name, "WHEEL", binaries))
    assert all(ruling.is_note for ruling in rulings if "Wheel-Version" not in ruling.message)
    return [ruling.message for ruling in rulings]


HEAD = ("Wheel-Version: 1.0", "Root-Is-Purelib: true")


def test_wheel_files():
    assert wheel_file(*HEAD, "Tag: py3-none-any") == []
    both = parse_wheel_name("demo-1.0-7-cp39.cp310-abi3-win32.win_amd64.whl")
    tags = [f"Tag: {tag}" for tag in both.triples()]
    assert len(tags) == 4
    assert wheel_file(*HEAD, "Build: 7", *tags, name=both) == []
    assert wheel_file(*HEAD, *tags[1:], name=both) == [
        "WHEEL has no Tag line for cp310-abi3-win32, which the file name says",
        "WHEEL states build none, the file name 7",
    ]
    assert wheel_file("hello") == [
        "WHEEL states no Wheel-Version: installers know 1.0",
        "WHEEL has no Tag line for py3-none-any, which the file name says",
        "WHEEL does not state Root-Is-Purelib",
    ]


def test_root_is_purelib():
    name = parse_wheel_name("demo-1.0-cp311-cp311-win32.whl")
    lines = (*HEAD, "Tag: cp311-cp311-win32")
    assert wheel_file(*lines, name=name, binaries=["demo-1.0.data/scripts/x"]) == []
    for path in ("m.pyd", "demo-1.0.data/purelib/m.pyd"):
        (message,) = wheel_file(*lines, name=name, binaries=[path])
        assert message == f"WHEEL states Root-Is-Purelib: true, but {path} contains machine code"
    # A pure wheel may carry binaries as data, as pip carries launchers for Windows.
    assert wheel_file(*HEAD, "Tag: py3-none-any", binaries=["x/t64.exe"]) == []


def test_directories():
    info = "demo-1.0.dist-info"
    members = [f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL")]
    members += ["demo-1.0.data/scripts/x", "demo.py"]
    assert not list(check_directories(NAME, info, members))
    messages = [r.message for r in check_directories(NAME, info, ["Demo-1.0.data/scripts/x"])]
    assert messages == [
        f"{info} holds no METADATA",
        f"{info} holds no RECORD",
        f"{info} holds no WHEEL",
        "not every installer takes notice of Demo-1.0.data, which is not named as the file",
    ]
