"""Caches and configuration against what ldconfig says of them."""

import os
import random
import re
import struct
import subprocess
from pathlib import Path

import pytest
from support.loader_samples import Kit, on_glibc

from felloe.errors import MalformedBinary
from felloe.repair.linux.ldconfig import parse_cache, read_conf, read_musl_path
from felloe.repair.linux.search_path import SearchPath, read_search_path


@pytest.fixture(scope="session")
def kit(tmp_path_factory):
    return Kit(tmp_path_factory.mktemp("kit"))


def printed_cache(path):
    """``ldconfig -p``: name -> files; those for special processors left out."""
    command = ["ldconfig", "-p", "-C", path]
    environ = {**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"}
    text = subprocess.run(command, check=True, text=True, capture_output=True, env=environ).stdout
    found = {}
    for name, kind, file in re.findall(r"^\t(\S+) \((.*)\) => (.*)$", text, re.MULTILINE):
        if "hwcap" not in kind:
            found.setdefault(name, []).append(file)
    assert found
    return {name: tuple(files) for name, files in found.items()}


@pytest.fixture
def make_cache(kit, tmp_path):
    """A cache that ldconfig makes of a few libraries, some of them twice."""

    def make(form):
        for directory in ("one", "two", "one/glibc-hwcaps/x86-64-v3"):
            for name in ("liba.so.1", "libb.so.2"):
                kit.link(tmp_path / directory / name, soname=name)
        kit.link(tmp_path / "one/glibc-hwcaps/x86-64-v2/libfast.so.1", soname="libfast.so.1")
        kit.link(tmp_path / "two" / "libc32.so.3", soname="libc32.so.3", bits=32)
        (tmp_path / "conf").write_text(f"{tmp_path}/one\n{tmp_path}/two\n")
        environ = {**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"}
        words = ["-c", form, "-X", "-f", tmp_path / "conf", "-C", tmp_path / "cache"]
        subprocess.run(["ldconfig", *words], check=True, env=environ)
        return tmp_path / "cache"

    return make


@on_glibc
def test_the_cache_of_this_system_is_what_ldconfig_prints():
    path = Path("/etc/ld.so.cache")
    assert parse_cache(path.read_bytes()) == printed_cache(path)


@on_glibc
@pytest.mark.parametrize("form", ["new", "compat"])
def test_made_caches_are_what_ldconfig_prints(make_cache, tmp_path, form):
    path = make_cache(form)
    cache = parse_cache(path.read_bytes())
    assert cache == printed_cache(path)
    files = tuple(f"{tmp_path}/{name}/liba.so.1" for name in ("one", "two"))
    assert cache["liba.so.1"] == files
    assert "libfast.so.1" not in cache


@on_glibc
@pytest.mark.parametrize("form", ["new", "compat"])
def test_a_cut_or_changed_cache_does_no_harm(make_cache, form):
    data = make_cache(form).read_bytes()
    choose = random.Random(form)
    hostile = [data[:size] for size in range(0, len(data), 37)]
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(choose.randint(1, 4)):
            changed[choose.randrange(0, 400)] = choose.choice([0, 1, 0x7F, 0xFF])
        hostile.append(bytes(changed))
    assert sum(map(is_refused, hostile)) > 30


def is_refused(data):
    try:
        parse_cache(data)
    except MalformedBinary:
        return True
    return False


def test_a_cache_of_overlapping_names_is_refused_soon():
    """Each of many entries names one long string."""
    count, length = 5000, 1 << 20
    at = 48 + 24 * count
    head = b"glibc-ld.so.cache1.1" + struct.pack("<IIB19x", count, length, 2)
    entries = struct.pack("<iIIIQ", 0x303, at, at, 0, 0) * count
    with pytest.raises(MalformedBinary, match="overlap"):
        parse_cache(head + entries + b"a" * length + b"\0")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_cache_may_be_of_either_byte_order(order):
    names = b"libx.so\0/lib/libx.so\0"
    head = b"glibc-ld.so.cache1.1" + struct.pack(order + "IIB19x", 1, len(names), 2 + (order > "<"))
    entry = struct.pack(order + "iIIIQ", 0x303, 72, 80, 0, 0)
    assert parse_cache(head + entry + names) == {"libx.so": ("/lib/libx.so",)}


@pytest.fixture
def root(tmp_path):
    """A file system as Debian lays it out, whose loader has no cache."""
    for name in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "opt"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/ld.so.conf.d").mkdir(parents=True)
    (tmp_path / "lib/x86_64-linux-gnu/libc.so.6").touch()
    return tmp_path


CONF = """
# a comment
include ld.so.conf.d/*.conf /etc/more.conf
/opt\t # another
  hwcap 1 nosegneg
include ld.so.conf
/lib=libc6
"""


def test_conf_is_read_as_ldconfig_does(root):
    (root / "etc/ld.so.conf").write_text(CONF)
    (root / "etc/ld.so.conf.d/b.conf").write_text("/b\n")
    (root / "etc/ld.so.conf.d/a.conf").write_text("/a with space\n/a2")
    (root / "etc/ld.so.conf.d/c.other").write_text("/c\n")
    (root / "etc/more.conf").write_text("include /\ninclude nothing\n/more\n")
    found = list(dict.fromkeys(read_conf(root)))
    assert found == ["/a with space", "/a2", "/b", "/more", "/opt", "/lib"]
    (root / "etc/ld.so.conf").unlink()
    assert read_conf(root) == []


@pytest.mark.parametrize(
    "cache", [None, b"", b"ld.so-1.7.0", b"glibc-ld.so.cache1.1" + b"\xff" * 40]
)
def test_without_a_cache_the_conf_is_asked(root, cache):
    (root / "etc/ld.so.conf").write_text("/opt\n/nowhere\n")
    if cache is not None:
        (root / "etc/ld.so.cache").write_bytes(cache)
    environ = {"LD_LIBRARY_PATH": "/x::lib;/y/$LIB:$ORIGIN/z:"}
    assert read_search_path(environ, [Path("mine")], "glibc", "x86_64", root) == SearchPath(
        environment=(Path("/x"), Path("/y/lib/x86_64-linux-gnu")),
        extra=(Path("mine"),),
        cache={},
        default=tuple(
            root / name
            for name in (
                "opt",
                "lib/x86_64-linux-gnu",
                "usr/lib/x86_64-linux-gnu",
                "lib",
                "usr/lib",
            )
        ),
        libc="glibc",
        lib=("lib/x86_64-linux-gnu",),
    )


@pytest.mark.parametrize(
    ("files", "architecture", "lib"),
    [
        (["lib64"], "x86_64", ("lib64",)),
        (["lib64", "lib"], "x86_64", ("lib64", "lib")),
        (["lib"], "i686", ("lib",)),
        (["lib/aarch64-linux-gnu"], "aarch64", ("lib/aarch64-linux-gnu",)),
        ([], "x86_64", ("lib/x86_64-linux-gnu", "lib64", "lib")),
        ([], "armv7l", ("lib/arm-linux-gnueabihf", "lib")),
        (["lib64"], "sparc", ("lib",)),
    ],
)
def test_lib_is_where_the_c_library_is(tmp_path, files, architecture, lib):
    for name in files:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "libc.so.6").touch()
    assert read_search_path({}, (), "glibc", architecture, tmp_path).lib == lib


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ["/lib", "/usr/local/lib", "/usr/lib"]),
        ("/a:/b\n/c\n\nrelative\n", ["/a", "/b", "/c"]),
        ("", []),
    ],
)
def test_paths_of_musl(tmp_path, text, expected):
    (tmp_path / "etc").mkdir()
    if text is not None:
        (tmp_path / "etc/ld-musl-i386.path").write_text(text)
    assert read_musl_path(tmp_path, "i386") == expected
    environ = {"LD_LIBRARY_PATH": "/env\n/next:rel"}
    search = read_search_path(environ, (), "musl", "i686", tmp_path)
    default = tuple(tmp_path / name.lstrip("/") for name in expected)
    assert search == SearchPath((Path("/env"), Path("/next")), (), {}, default, "musl")


def test_an_unreadable_path_of_musl_is_empty(tmp_path):
    (tmp_path / "etc/ld-musl-x86_64.path").mkdir(parents=True)
    assert read_musl_path(tmp_path, "x86_64") == []
