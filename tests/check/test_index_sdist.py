"""What an sdist may hold; :mod:`tarfile`'s own filter is the oracle for links."""

import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from felloe.wheel.sdist_member import SdistMember, Type
from felloe.wheel.sdist_rules import (
    find_layout_problems,
    find_leftovers,
    find_member_problems,
    find_metadata,
    find_missing_project_file,
    find_repeated,
)


def file(name):
    return SdistMember(name, Type.FILE)


def link(name, target):
    return SdistMember(name, Type.SYMBOLIC_LINK, target)


def hard(name, target):
    return SdistMember(name, Type.HARD_LINK, target)


REQUIRED = [file("d-1/PKG-INFO"), file("d-1/pyproject.toml")]


def test_layout():
    assert not list(find_layout_problems([SdistMember("d-1", Type.DIRECTORY), *REQUIRED], "d-1"))
    (ruling,) = find_layout_problems(REQUIRED, "d-2")
    assert ruling.message == "the sdist must hold one directory d-2, it holds d-1"
    tops = [file(f"{name}/x") for name in "abcde"]
    (ruling,) = find_layout_problems([*REQUIRED, *tops], "d-1")
    assert ruling.message.endswith("it holds a, b, c and 3 more")
    messages = [ruling.message for ruling in find_layout_problems([], "d-1")]
    assert messages == [
        "the sdist must hold one directory d-1, it holds nothing",
        "the sdist has no d-1/PKG-INFO",
    ]
    (finding,) = find_missing_project_file(REQUIRED[:1], "d-1")
    assert finding.message == "the sdist has no d-1/pyproject.toml"


def test_metadata_is_found_where_it_belongs_or_in_the_only_directory():
    assert find_metadata({"d-1/PKG-INFO", "e/PKG-INFO"}, "d-1") == "d-1/PKG-INFO"
    assert find_metadata({"e/PKG-INFO"}, "d-1") == "e/PKG-INFO"
    assert find_metadata({"e/PKG-INFO", "f/x"}, "d-1") is None
    assert find_metadata({"d-1/src/PKG-INFO"}, "d-1") is None


@pytest.mark.parametrize(
    "members",
    [
        [link("d/a", "b")],
        [link("d/a/b", "../c")],
        [link("d/a", ".")],
        [link("d/a", "../d/b")],
        [link("d/a", "b"), link("d/b", "c/../e")],
        [file("d/b"), hard("d/a", "d/b"), hard("d/c", "d/a")],
        [link("d/a", "b"), file("d/a/x")],
        [SdistMember("d", Type.DIRECTORY), SdistMember("d", Type.DIRECTORY)],
    ],
)
def test_good_members(members):
    assert not list(find_member_problems(members))


@pytest.mark.parametrize(
    "members",
    [
        [link("d/a", "/etc")],
        [link("d/a", "..")],
        [link("d/a", "../../d")],
        [link("d/a/b", ".."), link("d/c", "a/b/../..")],  # lexically it would stay
        [link("d/a", "../e")],
        [hard("d/a", "e/b")],
        [hard("d/a", "../b")],
        [hard("d/a", "b")],
        [hard("d/a", "d/b"), file("d/b")],  # nothing to link to yet
        [link("d/a", "b"), link("d/b", "a")],  # a circle
        [file("d/a"), file("d/a/b")],
        [SdistMember("d/a", Type.SPARSE)],
        [SdistMember("d/a", Type.OTHER)],
        [file("d/" + "a/" * 3000 + "b")],
    ],
)
def test_bad_members(members):
    assert list(find_member_problems(members))


def test_a_repeated_file_is_noted():
    members = [file("d/a"), file("d/a")]
    assert not list(find_member_problems(members))
    assert len(list(find_repeated(members))) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("d/x/a.pyc", "bytecode"),
        ("d/__pycache__/a.cpython-311.pyc", "bytecode"),
        ("d/dist/d-1-py3-none-any.whl", "wheels"),
        ("d/build/CMakeCache.txt", "files of a build tree"),
    ],
)
def test_what_a_build_leaves_is_noted(name, kind):
    (finding,) = find_leftovers([*REQUIRED, file(name)])
    assert finding.message == f"the sdist contains {kind}: {name}"
    assert not list(find_leftovers([*REQUIRED, file("d/build.py"), file("d/whl")]))


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(lambda p: "/".join(["d", *p]))
TARGETS = st.lists(st.sampled_from(["a", "b", "..", ".", "d"]), min_size=1, max_size=5).map(
    "/".join
)
MEMBERS = st.lists(
    st.one_of(st.builds(file, NAMES), st.builds(link, NAMES, TARGETS)), min_size=1, max_size=5
)


@settings(max_examples=150, deadline=None)
@given(MEMBERS)
def test_what_passes_unpacks_within_the_tree(members):
    """By the filter that PEP 721 wants installers to unpack sdists with."""
    if list(find_member_problems(members)):
        return
    image = io.BytesIO()
    with tarfile.open(fileobj=image, mode="w") as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            if member.type is Type.SYMBOLIC_LINK:
                info.type, info.linkname = tarfile.SYMTYPE, member.target
            archive.addfile(info)
    image.seek(0)
    with tempfile.TemporaryDirectory() as place, tarfile.open(fileobj=image) as archive:
        if hasattr(tarfile, "data_filter"):
            for info in archive:
                tarfile.data_filter(info, place)  # raises for what leads out
        else:  # before Python 3.11.4: nothing may appear beside the directory
            inner = Path(place) / "inner"
            archive.extractall(inner)
            assert [path.name for path in Path(place).iterdir()] == ["inner"]
