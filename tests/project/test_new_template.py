"""``felloe new``: names, templates, and what is on the disk afterwards."""

import ast
import re
import sys
from pathlib import Path

import pytest

from felloe.cli.main import main
from felloe.config.project import parse_project
from felloe.config.settings import read_settings
from felloe.errors import UsageError
from felloe.project.new.name import ProjectName, parse_name
from felloe.project.new.template import BINDINGS, render_template

NAME = ProjectName("Fast.Primes-2", "fast_primes_2")


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("primes", "primes"),
        ("Fast-Primes", "fast_primes"),
        ("fast.primes_2", "fast_primes_2"),
        ("a--b__c", "a_b_c"),
        ("P", "p"),
    ],
)
def test_a_name_says_how_it_is_imported(text, package):
    assert parse_name(text) == ProjectName(text, package)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "PEP 508"),
        ("-primes", "PEP 508"),
        ("primes-", "PEP 508"),
        ("two words", "PEP 508"),
        ("primes/2", "PEP 508"),
        ("prïmes", "PEP 508"),
        ("primes\n", "PEP 508"),
        ("../primes", "PEP 508"),
        ("2primes", "not a name in Python"),
        ("class", "not a name in Python"),
        ("pybind11", "would hide"),
        ("Tests", "would hide"),
    ],
)
def test_other_names_are_refused(text, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        parse_name(text)
    assert caught.value.hint


@pytest.mark.skipif(not hasattr(sys, "stdlib_module_names"), reason="Python 3.10 has the list")
def test_a_module_of_python_itself_is_not_hidden():
    with pytest.raises(UsageError, match="would hide"):
        parse_name("json")


@pytest.mark.parametrize("binding", BINDINGS)
class TestTemplates:
    def test_all_that_a_project_needs_is_there(self, binding):
        files = render_template(binding, NAME)
        wanted = {"pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", ".gitignore"}
        wanted |= {"src/fast_primes_2/__init__.py", "src/fast_primes_2/py.typed"}
        wanted |= {"tests/test_fast_primes_2.py"}
        assert wanted <= set(files)
        assert ("src/fast_primes_2/_core.pyi" in files) == (binding != "ctypes")

    def test_nothing_is_left_of_the_name_of_the_template(self, binding):
        for path, text in render_template(binding, NAME).items():
            assert not re.search("example.name", path + text, re.IGNORECASE), path

    def test_python_and_toml_are_valid(self, binding, tmp_path):
        for path, text in render_template(binding, NAME).items():
            if path.endswith((".py", ".pyi")):
                ast.parse(text, path)
            assert text == "" or text.endswith("\n")
            assert "\r" not in text
        project = parse_project(tmp_path, render_template(binding, NAME)["pyproject.toml"])
        assert project.table["project"]["name"] == "Fast.Primes-2"
        assert project.table["build-system"]["build-backend"] == "felloe"
        assert project.engine("wheel", "packages") == ["src/fast_primes_2"]
        read_settings(project.felloe, None, {})


def new(*words):
    return main(["new", *map(str, words)])


def test_a_project_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert new("fast-primes", "--binding", "c-abi3") == 0
    place = tmp_path / "fast-primes"
    assert (place / "src" / "fast_primes" / "py.typed").read_bytes() == b""
    assert (place / ".github" / "workflows" / "wheels.yml").exists()
    shown = capsys.readouterr().out
    assert "cd fast-primes" in shown
    assert "pip wheel" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["fast-primes"]


def test_the_pipeline_is_a_choice(tmp_path):
    place = tmp_path / "x" / "y"
    assert new("primes", "--binding", "ctypes", "-o", place, "--no-ci") == 0
    assert not (tmp_path / "x" / "y" / ".github").exists()


def test_an_empty_directory_is_taken(tmp_path):
    (tmp_path / "here").mkdir()
    assert new("primes", "--binding", "ctypes", "--output-dir", tmp_path / "here") == 0
    assert (tmp_path / "here" / "pyproject.toml").exists()


def test_the_working_directory_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert new("primes", "--binding", "ctypes", "-o", ".") == 0
    assert (Path() / "pyproject.toml").exists()


def fill(place):
    place.mkdir()
    (place / "precious").write_text("precious")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (fill, "is not empty"),
        (lambda place: place.write_text("precious"), "is not a directory"),
        (lambda place: place.symlink_to("nowhere"), "is not a directory"),
    ],
)
def test_nothing_is_overwritten(tmp_path, capsys, prepare, reason):
    place = tmp_path / "primes"
    prepare(place)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert new("primes", "--binding", "cython", "--output-dir", place) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert "--output-dir" in error
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_failure_leaves_nothing(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert new("primes", "--binding", "ctypes", "--output-dir", tmp_path / "file" / "x") == 1
    assert "cannot be written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_words_of_the_command(capsys):
    with pytest.raises(SystemExit) as ended:
        new("primes", "--binding", "swig")
    assert ended.value.code == 2
    assert "nanobind" in capsys.readouterr().err
    assert new("two words", "--binding", "cython") == 2
