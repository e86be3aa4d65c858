"""Reading ``pyproject.toml``: one error that names the file, whatever is wrong with it."""

import re
from pathlib import Path

import pytest

from felloe.config.project import read_project
from felloe.config.settings import read_settings
from felloe.errors import FelloeError


def save(root, data):
    (root / "pyproject.toml").write_bytes(data)
    return root


def refusal(root):
    with pytest.raises(FelloeError) as refused:
        read_project(root)
    assert refused.value.message.startswith(f"{root / 'pyproject.toml'} ")
    assert refused.value.message.count("\n") == 0
    return refused.value.message


BROKEN = {
    "syntax": (b"[project\n", "is not TOML: "),
    "no value": (b"a =\n", "is not TOML: "),
    "repeated key": (b"a = 1\na = 2\n", "is not TOML: "),
    "repeated table": (b"[a]\n[a]\n", "is not TOML: "),
    "NUL": (b"a = 'x\0y'\n", "is not TOML: "),
    "byte order mark": (b"\xef\xbb\xbfa = 1\n", "is not TOML: "),
    "no such day": (b"a = 2020-02-31\n", "is not TOML: "),
    "huge number": (b"a = " + b"9" * 5000 + b"\n", "is not TOML: "),
    "noise": (bytes(range(1, 128)), "is not TOML: "),
    "Latin-1": (b"a = 'gr\xfcn'\n", "is not UTF-8: byte 7 (invalid start byte)"),
    "UTF-16": ("a = 1\n".encode("utf-16"), "is not UTF-8: byte 0"),
    "cut off UTF-8": (b"a = '\xc3", "is not UTF-8: byte 5"),
    "surrogate": (b"a = '\xed\xa0\x80'\n", "is not UTF-8: byte 5"),
}


@pytest.mark.parametrize(("data", "cause"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_one_error(tmp_path, data, cause):
    assert cause in refusal(save(tmp_path, data))


@pytest.mark.parametrize(
    "data",
    [b"a = " + b"[" * 100_000, b"a = " + b"{a = " * 100_000, b"a" + b".a" * 2_000 + b" = 1\n"],
    ids=["arrays", "tables", "dotted key"],
)
def test_deep_nesting_is_one_error(tmp_path, data):
    save(tmp_path, data)
    assert re.search(r"pyproject.toml is (nested too deeply|not TOML)", refusal(tmp_path))


def test_nesting_that_a_file_may_have(tmp_path):
    """Dotted keys nest without their reader calling itself, what walks through them does not."""
    save(tmp_path, b"tool.felloe" + b".a" * 98 + b" = 1\n")
    with pytest.raises(FelloeError, match="unknown key"):
        read_settings(read_project(tmp_path).felloe, None, {})
    save(tmp_path, b"tool.felloe" + b".a" * 99 + b" = 1\n")
    assert refusal(tmp_path).endswith("is nested too deeply")


def test_missing_file_is_one_error(tmp_path):
    assert refusal(tmp_path).endswith("cannot be read: No such file or directory")


def test_directory_in_its_place_is_one_error(tmp_path):
    (tmp_path / "pyproject.toml").mkdir()
    assert refusal(tmp_path).endswith("cannot be read: Is a directory")


def test_link_to_itself_is_one_error(tmp_path):
    (tmp_path / "pyproject.toml").symlink_to("pyproject.toml")
    assert "cannot be read: Too many levels of symbolic links" in refusal(tmp_path)


def test_unreadable_file_is_one_error(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)  # root reads everything
    assert refusal(tmp_path).endswith("cannot be read: Permission denied")


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("", {}),
        ("[tool]\n", {}),
        ("tool = 3\n", {}),
        ("[tool.felloe]\nplatform = 'linux'\n", {"platform": "linux"}),
        ("[tool]\nfelloe = 3\n", 3),
        ("[tool]\nfelloe = []\n", []),
        ("[tool.scikit-build]\nx = 1\n", {}),
    ],
)
def test_own_table_is_found_whatever_it_is(tmp_path, text, table):
    project = read_project(save(tmp_path, text.encode()))
    assert (project.root, project.felloe) == (tmp_path, table)


def test_text_is_utf8_whatever_the_locale(tmp_path):
    text = "a = 'gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n'\n"
    table = read_project(save(tmp_path, text.encode())).table
    assert table == {"a": "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n"}


@pytest.mark.parametrize("text", ["", "[tool.felloe]\n", "project = 3\n"], ids=repr)
def test_a_project_without_its_table_is_refused_where_metadata_is_made(tmp_path, text):
    project = read_project(save(tmp_path, text.encode()))
    with pytest.raises(FelloeError, match=r"pyproject\.toml has no \[project\] table") as refused:
        project.check_metadata()
    assert refused.value.hint
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    read_project(tmp_path).check_metadata()
