"""What a second run builds again, the table of settings, the tools' commands."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.release_samples import interpreter

from felloe.config.build_table import BuildTable, read_build_table
from felloe.errors import FelloeError
from felloe.release.frontend import BuildAndPip, Uv
from felloe.release.matrix import MatrixEntry
from felloe.release.record import Record, RecordedWheel, make_key, parse_record, render_record

CELL = MatrixEntry(interpreter("cp313"))
ENTRY = RecordedWheel("demo-1-cp313-cp313-linux_x86_64.whl", "ab", "cd")


def key(entry=CELL, source="s", config=(), environ=None, generator="felloe 1"):
    return make_key(entry, source, config, environ or {}, generator)


@pytest.mark.parametrize(
    "change",
    [
        {"entry": MatrixEntry(interpreter("cp312"))},
        {"entry": MatrixEntry(interpreter("cp313", patch=1))},
        {"entry": MatrixEntry(interpreter("cp313", source="PATH"))},
        {"entry": MatrixEntry(interpreter("cp313"), "manylinux_2_17_x86_64")},
        {"source": "t"},
        {"config": ("cmake.define.A=1",)},
        {"environ": {"CXXFLAGS": "-O3"}},
        {"environ": {"PKG_CONFIG_PATH": "/opt/lib/pkgconfig"}},
        {"environ": {"HDF5_ROOT": "/opt/hdf5"}},
        {"environ": {"CPATH": "/opt/include"}},
        {"environ": {"LIBRARY_PATH": "/opt/lib"}},
        {"environ": {"LD": "/opt/bin/ld"}},
        {"environ": {"FC": "flang"}},
        {"environ": {"CUDACXX": "nvcc"}},
        {"environ": {"ANY_SCRIPT_OF_THE_PROJECT": "1"}},
        {"environ": {"FELLOE_PLATFORM": "linux"}},
        {"environ": {"SKBUILD_CMAKE_ARGS": "-DA=1"}},
        {"generator": "felloe 2"},
    ],
)
def test_what_changes_a_wheel_changes_its_key(change):
    assert key(**change) != key()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"environ": {"CMAKE_BUILD_PARALLEL_LEVEL": "7", "FELLOE_CACHE": "true", "TERM": "x"}},
        {"environ": {"SSH_CLIENT": "::1", "PWD": "/x", "PIP_QUIET": "1", "LS_COLORS": "x"}},
    ],
)
def test_what_does_not_change_it_does_not(change):
    assert key(**change) == key()


def test_the_order_of_settings_does_not_matter():
    assert key(config=("a=1", "b=2")) == key(config=("b=2", "a=1"))


def test_a_record_is_read_as_it_was_written():
    record = Record().with_wheel("k", ENTRY)
    assert parse_record(render_record(record)) == record
    assert parse_record(render_record(record)).wheels["k"] == ENTRY


def test_a_file_has_one_key():
    record = Record().with_wheel("k", ENTRY).with_wheel("l", ENTRY)
    assert set(record.wheels) == {"l"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 99, "wheels": {}}',
        '{"version": 1}',
        '{"version": 1, "wheels": {"k": 1}}',
        '{"version": 1, "wheels": {"k": {"file": "../x.whl", "sha256": "", "source": ""}}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_record_is_an_empty_one(text):
    assert parse_record(text) == Record()


def test_flags_win_over_the_table():
    table = {"python": ["3.9"], "test": "pytest", "test-requires": ["pytest", "numpy"]}
    read = read_build_table(table, {"python": ["3.13"], "test": None, "other": 1})
    expected = BuildTable(python=("3.13",), test=("pytest",), test_requires=("pytest", "numpy"))
    assert read == expected


def test_all_that_is_wrong_with_the_table_is_said():
    with pytest.raises(FelloeError) as raised:
        read_build_table({"pyton": [], "test-extras": 1, "target": [2]}, {})
    assert raised.value.message.splitlines() == [
        "tool.felloe.build.pyton: unknown key; the nearest known one is 'python'",
        "tool.felloe.build.test-extras: takes a list of strings, not 1",
        "tool.felloe.build.target: takes a list of strings, not [2]",
    ]
    with pytest.raises(FelloeError, match="must be a table"):
        read_build_table("x", {})


PYTHON, SOURCE, OUT = interpreter("cp39"), Path("/s"), Path("/o")


@pytest.mark.parametrize("frontend", [Uv(Path("/uv"), Path("/own")), BuildAndPip(Path("/own"))])
def test_settings_reach_the_backend(frontend):
    for command in (
        frontend.build_sdist(SOURCE, OUT, ["a=1", "b=2"]),
        frontend.build_wheel(PYTHON, SOURCE, OUT, ["a=1", "b=2"]),
    ):
        at = command.index("--config-setting")
        assert command[at : at + 4 : 2] == ("--config-setting",) * 2
        assert command[at + 1 : at + 5 : 2] == ("a=1", "b=2")
        assert command[-1] == str(SOURCE)
        assert str(OUT) in command
    assert str(PYTHON.path) in frontend.build_wheel(PYTHON, SOURCE, OUT, [])
    assert str(PYTHON.path) in frontend.make_environment(PYTHON, OUT)
    install = frontend.install(PYTHON, OUT, ["x"])
    assert str(OUT) in install
    assert install[-1] == "x"


def test_an_interpreter_with_a_pip_uses_its_own():
    frontend, able = BuildAndPip(Path("/own")), replace(PYTHON, has_pip=True)
    assert frontend.build_wheel(able, SOURCE, OUT, [])[:3] == (str(able.path), "-m", "pip")
    assert "--python" not in frontend.build_wheel(able, SOURCE, OUT, [])
    assert frontend.install(able, OUT, [])[-3:] == ("--python", str(OUT), "install")
    assert frontend.build_wheel(PYTHON, SOURCE, OUT, [])[0] == "/own"
