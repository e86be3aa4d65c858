"""The search for libraries against the loader of this system."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.loader_samples import (
    INTERPRETER,
    MACHINE,
    TRIPLET,
    Kit,
    change_machine,
    on_glibc,
    random_layout,
)

from felloe.binary.elf.reader import parse_elf
from felloe.repair.linux.loader import Loader, Requester
from felloe.repair.linux.search_path import SearchPath, read_search_path


@pytest.fixture(scope="session")
def kit(tmp_path_factory):
    return Kit(tmp_path_factory.mktemp("kit"))


@pytest.fixture(scope="session")
def like(kit):
    return read_elf(kit.link(kit.place / "like.so"))


def read_elf(path):
    return parse_elf(path.read_bytes())


def asking(rpath="", runpath="", origin=None, name=""):
    entries = (tuple(text.split(":")) if text else () for text in (rpath, runpath))
    return Requester(*entries, origin, name)


# What the loader of this system maps.


def mapped_by_loader(path, environ, cwd):
    """The pairs (needed name, file or None) that ld.so lists, as ldd prints them."""
    done = subprocess.run(
        [INTERPRETER, path],
        env={**environ, "LD_TRACE_LOADED_OBJECTS": "1"},
        cwd=cwd,
        check=False,
        text=True,
        capture_output=True,
    )
    found = set()
    for line in done.stdout.splitlines():
        parts = re.fullmatch(r"\t(.*?)(?: => (.*?))?(?: \(0x[0-9a-f]+\))?", line)
        name, file = parts[1], parts[2] or parts[1]
        if "vdso" not in name and name not in (str(path), INTERPRETER, "statically linked"):
            found.add((name, None if file == "not found" else str(Path(file))))
    assert done.stdout, done.stderr  # even one that needs nothing is listed
    return found


def mapped_by_us(path, search):
    """The same from our answers, in the order of ld.so: breadth first, no name twice."""
    loader = Loader(search)
    root = read_elf(path)
    own = Requester(root.rpath, root.runpath, path.parent)
    maps = [(root, (own,), {root.soname}, path.resolve())]
    found = set()
    for elf, chain, _, _ in maps:
        for text in elf.needed:
            name = text.replace("$ORIGIN", str(chain[0].origin))
            is_mapped = any(name in names for _, _, names, _ in maps)
            if is_mapped or name == Path(INTERPRETER).name:
                continue
            library = loader.find(text, chain, elf)
            if library is None:
                found.add((name, None))
                continue
            same = [names for _, _, names, real in maps if real == library.real]
            if same:
                same[0].add(name)
                continue
            names = {name, library.elf.soname} - {None}
            maps.append((library.elf, (library.requester, *chain), names, library.real))
            found.add((name, str(library.path)))
    return found


@on_glibc
@pytest.mark.parametrize("seed", range(int(os.environ.get("FELLOE_TEST_LAYOUTS", "40"))))
def test_random_layouts_are_searched_as_the_loader_does(kit, tmp_path, seed):
    root, environ = random_layout(kit, seed, tmp_path)
    search = read_search_path(environ, (), "glibc", MACHINE)
    (tmp_path / "cwd").mkdir()
    assert mapped_by_us(root, search) == mapped_by_loader(root, environ, tmp_path / "cwd")


@on_glibc
def test_libraries_of_this_system_are_found_where_its_loader_finds_them():
    search = read_search_path({}, (), "glibc", MACHINE)
    objects = sorted(Path(f"/usr/lib/{TRIPLET}").glob("lib*.so.?"))[::7][:30]
    for path in [Path(sys.executable).resolve(), *objects]:
        assert mapped_by_us(path, search) == mapped_by_loader(path, {}, "/")


@on_glibc
@pytest.mark.parametrize("flags", ["rpath", "runpath"])
def test_only_rpath_serves_what_a_library_needs_itself(kit, tmp_path, flags):
    """The oracle on a layout whose answer is plain, so that both cannot be empty."""
    inner = kit.link(tmp_path / "in" / "libinner.so", soname="libinner.so")
    kit.link(tmp_path / "in" / "libouter.so", ["libinner.so"], soname="libouter.so")
    root = kit.link(tmp_path / "libroot.so", ["libouter.so"], **{flags: "$ORIGIN/in"})
    expected = {
        ("libouter.so", str(tmp_path / "in" / "libouter.so")),
        ("libinner.so", str(inner) if flags == "rpath" else None),
    }
    assert mapped_by_loader(root, {}, tmp_path) == expected
    assert mapped_by_us(root, read_search_path({}, (), "glibc", MACHINE)) == expected


# The order, place by place.


@pytest.mark.parametrize(
    ("libc", "chain", "order"),
    [
        ("glibc", [asking("/own"), asking("/outer")], "/own /outer /extra /env"),
        ("glibc", [asking("", "/run"), asking("/outer")], "/extra /env /run"),
        ("glibc", [asking("/own", "/run"), asking("/outer")], "/extra /env /run"),
        ("glibc", [asking("/own"), asking("/outer", "/run")], "/own /extra /env"),
        ("glibc", [], "/extra /env"),
        ("glibc", [asking(":lib:/own")], "/own /extra /env"),
        ("musl", [asking("/own"), asking("/outer")], "/extra /env /own /outer"),
        ("musl", [asking("/own", "/run"), asking("/outer")], "/extra /env /run /outer"),
        ("musl", [asking("/own:/$LIB"), asking("/outer")], "/extra /env /outer"),
    ],
)
def test_order_of_places(like, libc, chain, order):
    search = SearchPath((Path("/env"),), (Path("/extra"),), {}, (Path("/default"),), libc)
    places = Loader(search).places(chain, like)
    assert [place.partition(" ")[0] for place in places] == [*order.split(), "/default"]


@on_glibc
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("$ORIGIN/../x", ["/a/b/../x"]),
        ("${ORIGIN}", ["/a/b"]),
        ("$ORIGINAL", []),
        ("/x/$LIB/$LIB", ["/x/lib/lib", "/x/lib64/lib64"]),
        ("/x/${LIB}y", ["/x/liby", "/x/lib64y"]),
        ("/x/$LIBy", ["/x/$LIBy"]),
        ("/x/$PLATFORM", ["/x/x86_64"]),
        ("/x/${PLATFORM", ["/x/${PLATFORM"]),
        ("/x/$HOME", ["/x/$HOME"]),
    ],
)
def test_tokens(like, entry, expected):
    loader = Loader(SearchPath(lib=("lib", "lib64")))
    places = loader.places([asking(entry, origin=Path("/a/b"))], like)
    assert [place.partition(" ")[0] for place in places] == expected


@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_origin_is_unknown_in_a_wheel(like, libc):
    chain = [asking("$ORIGIN/lib:/opt")]
    assert list(Loader(SearchPath(libc=libc)).places(chain, like)) == ["/opt (RPATH)"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [("$ORIGIN/x:/y", ["/a/x", "/y"]), ("${ORIGIN}x", ["/ax"]), ("/y:$PLATFORM", []), ("", [])],
)
def test_tokens_of_musl(like, entry, expected):
    places = Loader(SearchPath(libc="musl")).places([asking(entry, origin=Path("/a"))], like)
    assert [place.partition(" ")[0] for place in places] == expected


def test_places_say_why(like):
    search = SearchPath(
        environment=(Path("/env"),),
        extra=(Path("/extra"),),
        cache={"libx.so": (Path("/cached/libx.so"),)},
        default=(Path("/lib"), Path("/usr/lib")),
    )
    chain = [asking("/own:/env", name="a.so"), asking("/own:/outer", origin=Path("/"), name="/b")]
    assert tuple(Loader(search).places(chain, like)) == (
        "/own (RPATH of a.so)",
        "/env (RPATH of a.so)",
        "/outer (RPATH of /b)",
        "/extra (libraries.search)",
        "/etc/ld.so.cache (system)",
        "/lib (system)",
        "/usr/lib (system)",
    )


# Candidates.


def test_names_of_one_file_are_one_library(kit, like, tmp_path):
    real = kit.link(tmp_path / "libx.so.1.2")
    (tmp_path / "libx.so.1").symlink_to(real.name)
    (tmp_path / "libx.so").symlink_to("libx.so.1")
    os.link(real, tmp_path / "libhard.so")
    loader = Loader(SearchPath(default=(tmp_path,)))
    found = [loader.find(name, [], like) for name in ("libx.so", "libx.so.1", "libhard.so")]
    assert {item.real for item in found} == {real.resolve()}
    assert len({id(item.elf) for item in found}) == 1
    assert found[0].path == tmp_path / "libx.so"


def test_a_library_seeks_its_needs_where_it_was_found(kit, like, tmp_path):
    """$ORIGIN is the directory of the link that was followed, not of what it leads to."""
    real = kit.link(tmp_path / "real" / "libx.so", runpath="$ORIGIN")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "libx.so").symlink_to(real)
    loader = Loader(SearchPath(default=(tmp_path / "links",)))
    found = loader.find("libx.so", [], like)
    path = tmp_path / "links" / "libx.so"
    assert found.requester == Requester((), ("$ORIGIN",), path.parent, str(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x7fELF", b"INPUT ( libx.so.1 )\n", b"\x7fELF\2\1\1" + bytes(9), "32", "machine", None],
)
def test_what_cannot_be_loaded_is_passed_over(kit, like, tmp_path, content):
    first, good = tmp_path / "first" / "libx.so", tmp_path / "good" / "libx.so"
    kit.link(good)
    kit.link(first, bits=32 if content == "32" else 64)
    if content == "machine":
        change_machine(first)
    elif content is None:
        first.unlink()
        first.mkdir()
    elif content != "32":
        first.write_bytes(content)
    loader = Loader(SearchPath(default=(tmp_path / "nowhere", first.parent, good.parent)))
    assert loader.find("libx.so", [], like).path == good
    assert loader.find("liby.so", [], like) is None


def test_pipes_and_loops_do_not_hang(like, tmp_path):
    os.mkfifo(tmp_path / "libpipe.so")
    (tmp_path / "libloop.so").symlink_to("libloop.so")
    loader = Loader(SearchPath(default=(tmp_path,)))
    for name in ("libpipe.so", "libloop.so", "", ".", "lib\0.so", "x" * 5000):
        assert loader.find(name, [], like) is None


def test_a_name_with_a_slash_is_a_path(kit, like, tmp_path):
    path = kit.link(tmp_path / "libx.so")
    loader = Loader(SearchPath(environment=(tmp_path,)))
    assert loader.find(str(path), [], like).path == path
    assert loader.find("$ORIGIN/libx.so", [asking(origin=tmp_path)], like).path == path
    assert loader.find("$ORIGIN/libx.so", [asking()], like) is None
    assert loader.find("./libx.so", [asking(origin=tmp_path)], like) is None
