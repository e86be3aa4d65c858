"""Source distributions: complete, safe, the same from everywhere."""

from __future__ import annotations

import shutil
import tarfile

import pytest
from support.archive import unpack_sdist
from support.example_checks import copy_monorepo
from support.process import run

NAME = "newton_basins-1.0.0"


@pytest.fixture
def sdist(hook, tmp_path):
    """Make the sdist of a project."""

    def make(project, out="sdist", env=None):
        place = tmp_path / out
        place.mkdir()
        return place / hook(project, "build_sdist", place, env=env).value

    return make


def test_it_carries_the_library_next_door(sdist, tmp_path):
    path = sdist(copy_monorepo(tmp_path / "tree"))
    assert path.name == f"{NAME}.tar.gz"
    root = unpack_sdist(path, tmp_path / "unpacked")
    assert root.name == NAME
    inside = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert {"LICENSE", "README.md", "CMakeLists.txt", "pyproject.toml", "PKG-INFO"} <= inside
    assert {"src/_core.cpp", "src/newton_basins/__init__.py", "tests/test_compute.py"} <= inside
    assert {"cpp/CMakeLists.txt", "cpp/include/newton/newton.hpp", "cpp/src/basins.cpp"} <= inside
    assert not any("__pycache__" in name or name.startswith("build/") for name in inside)
    assert "Name: newton-basins\n" in (root / "PKG-INFO").read_text()


def test_what_was_built_in_the_tree_stays_out(sdist, tmp_path):
    project = copy_monorepo(tmp_path / "tree")
    (project / "tests" / "__pycache__").mkdir()
    (project / "tests" / "__pycache__" / "test_compute.cpython-311.pyc").write_bytes(b"\0")
    root = unpack_sdist(sdist(project), tmp_path / "unpacked")
    assert not list(root.rglob("*.pyc"))


def test_an_sdist_of_an_sdist_is_the_same(sdist, tmp_path):
    first = sdist(copy_monorepo(tmp_path / "tree"), "first")
    second = sdist(unpack_sdist(first, tmp_path / "unpacked"), "second")
    assert members(first) == members(second)
    assert first.read_bytes() == second.read_bytes()


def test_git_and_the_directory_do_not_matter(sdist, tmp_path):
    plain, versioned = copy_monorepo(tmp_path / "a"), copy_monorepo(tmp_path / "b" / "c")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    git = ("git", "-C", tmp_path / "b" / "c", *identity)
    run(*git, "init", "-q")
    run(*git, "add", ".")
    run(*git, "commit", "-q", "-m", "all")
    one, two = sdist(plain, "one"), sdist(versioned, "two")
    assert members(one) == members(two)
    assert one.read_bytes() == two.read_bytes()


def members(path):
    with tarfile.open(path) as archive:
        return [(m.name, m.mode, m.size, m.mtime) for m in archive.getmembers()]


@pytest.fixture
def tiny(copy_project):
    """A project whose names and modes are not the usual ones."""
    project = copy_project("frontend_tiny")
    deep = project / "src" / "frontend_tiny" / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    (deep / "gr\u00fc\u00dfe.txt").write_text("long and not ASCII")
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o750)
    (project / "tiny.c").chmod(0o600)
    return project


def test_members_are_plain_and_nobodys(tiny, sdist, tmp_path):
    path = sdist(tiny)
    with tarfile.open(path) as archive:
        found = archive.getmembers()
    names = [member.name for member in found]
    assert names == sorted(set(names)), "each once, in order"
    assert names.count("frontend_tiny-1.2.3/PKG-INFO") == 1
    assert {name.partition("/")[0] for name in names} == {"frontend_tiny-1.2.3"}
    assert {(m.uid, m.gid, m.uname, m.gname) for m in found} == {(0, 0, "", "")}
    assert {m.mode for m in found if m.name.endswith("run.sh")} == {0o755}
    assert {m.mode for m in found if m.name.endswith("tiny.c")} == {0o644}
    assert len({m.mtime for m in found}) == 1
    root = unpack_sdist(path, tmp_path / "unpacked")
    assert (root / "src/frontend_tiny" / ("d" * 90) / ("e" * 90) / "gr\u00fc\u00dfe.txt").is_file()


def test_the_format_is_pax(tiny, sdist):
    """POSIX magic in every header, and extended headers where a name needs them."""
    import gzip

    data = gzip.decompress(sdist(tiny).read_bytes())
    assert data[257:265] == b"ustar\x0000"  # GNU's would be b"ustar  \0"
    assert b" path=frontend_tiny-1.2.3/src/frontend_tiny/" in data


def test_source_date_epoch_is_the_time_of_everything(tiny, sdist):
    path = sdist(tiny, env={"SOURCE_DATE_EPOCH": "1600000000"})
    with tarfile.open(path) as archive:
        assert {member.mtime for member in archive.getmembers()} == {1600000000}
    assert int.from_bytes(path.read_bytes()[4:8], "little") == 1600000000


def test_a_wheel_from_the_sdist_is_the_same(tiny, sdist, hook, tmp_path):
    root = unpack_sdist(sdist(tiny), tmp_path / "unpacked")
    wheels = []
    for number, project in enumerate((tiny, root)):
        out = tmp_path / f"wheel{number}"
        out.mkdir()
        wheels.append(out / hook(project, "build_wheel", out).value)
    assert wheels[0].name == wheels[1].name
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


def test_a_missing_licence_file_is_named(copy_project, hook, tmp_path):
    """The engine would refuse a pattern without a match, but not a file that it leaves out."""
    project = copy_project("frontend_tiny")
    text = (project / "pyproject.toml").read_text()
    text = text.replace('license = {text = "MIT"}', 'license = "MIT"\nlicense-files = ["COPYING"]')
    (project / "pyproject.toml").write_text(text + 'sdist.exclude = ["COPYING"]\n')
    shutil.copy(__file__, project / "COPYING")
    done = hook(project, "build_sdist", tmp_path, check=False)
    assert done.exit_code == 1
    assert "frontend_tiny-1.2.3.tar.gz: the license file COPYING is missing" in done.output
    assert not list(tmp_path.glob("*.tar.gz"))
