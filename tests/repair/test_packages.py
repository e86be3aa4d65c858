"""Owners of files against what dpkg says of each, and against recorded answers of others."""

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from felloe.repair.sbom.package import SystemPackage, find_owners

has_dpkg = pytest.mark.tools("dpkg")
LIBRARIES = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu"


@pytest.fixture
def make_program(tmp_path):
    """A package manager that is a shell script; answers the environment that has it alone."""

    def make(name, script):
        place = tmp_path / "bin"
        place.mkdir(exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\necho x >> {tmp_path}/calls-{name}\n{script}\n")
        (place / name).chmod(0o755)
        return {"PATH": str(place)}

    return make


@pytest.fixture
def root(tmp_path):
    """A file system that says what it is, with merged /usr."""
    place = tmp_path / "root"
    (place / "usr/lib").mkdir(parents=True)
    (place / "lib").symlink_to("usr/lib")
    (place / "etc").mkdir()
    (place / "etc/os-release").write_text('NAME="X Linux"\nID=xlinux\nVERSION_ID="4.2"\n')
    return place


def calls(tmp_path, name):
    return len((tmp_path / f"calls-{name}").read_text().split())


# Debian.


def dpkg_owner(path):
    """Name and version by asking for one file, under both of its names."""
    for name in {path.resolve(), Path(str(path.resolve()).removeprefix("/usr"))}:
        done = subprocess.run(["dpkg", "-S", name], check=False, text=True, capture_output=True)
        if done.returncode == 0:
            owner = done.stdout.partition(": ")[0]
            form = "-f=${Package} ${Version} ${Architecture}"
            show = ["dpkg-query", "-W", form, owner]
            return tuple(
                subprocess.run(show, text=True, capture_output=True, check=True).stdout.split()
            )
    return None


@has_dpkg
def test_owners_are_those_of_dpkg(tmp_path):
    paths = [*sorted(LIBRARIES.glob("lib*.so.?"))[::40], Path("/usr/bin/env"), tmp_path / "mine.so"]
    paths[-1].touch()
    (tmp_path / "linked.so").symlink_to(paths[0])
    found = find_owners(iter(paths), os.environ)
    for path in paths:
        package = found.get(path)
        words = (package.name, package.version, package.architecture) if package else None
        assert words == dpkg_owner(path)
    assert len(found) > 5
    assert list(found) == [path for path in paths if path in found]
    link = tmp_path / "linked.so"
    assert find_owners([link], os.environ) == {link: found[paths[0]]}


@has_dpkg
def test_either_name_of_a_merged_directory_will_do():
    name = f"{LIBRARIES.name}/libc.so.6"
    paths = [Path("/lib", name), Path("/usr/lib", name)]
    found = find_owners(paths, os.environ)
    assert {package.name for package in found.values()} == {"libc6"}
    assert list(found) == paths
    assert found[paths[0]].distribution


DPKG = """
[ "$LC_ALL" = C.UTF-8 ] || exit 9
case "$1" in
-S) cat <<'END'
diversion by dash from: /opt/diverted.so
diversion by dash to: /opt/diverted.so.distrib
dash: /opt/diverted.so
local diversion from: /opt/local.so
libx1:amd64: /opt/local.so
libx1:amd64, libx1:i386: /lib/libx.so.1
libx1:amd64: /opt/a: b.so
libgone: /opt/gone.so
END
exit 1;;
-W) printf 'libx1:amd64\\tlibx1\\t1:2~3+b1\\tamd64\\n';;
esac
"""
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: Expat
"""


def test_answers_of_dpkg_are_understood(make_program, root, tmp_path):
    environ = make_program("dpkg-query", DPKG.replace("cat", shutil.which("cat")))
    (root / "usr/share/doc/libx1").mkdir(parents=True)
    (root / "usr/share/doc/libx1/copyright").write_text(COPYRIGHT)
    names = ("/opt/diverted.so", "/opt/local.so", "/lib/libx.so.1", "/opt/a: b.so", "/opt/gone.so")
    paths = [Path(name) for name in (*names, "/usr/lib/libx.so.1")]
    package = SystemPackage("deb", "libx1", "1:2~3+b1", "amd64", "xlinux", "4.2", ("MIT",))
    assert find_owners(paths, environ, root) == dict.fromkeys(
        [paths[2], paths[3], paths[5]], package
    )
    assert calls(tmp_path, "dpkg-query") == 2


@has_dpkg
def test_a_name_with_wildcards_is_a_name():
    paths = [LIBRARIES / "libc.so.?", LIBRARIES / "libc.so.[6]", LIBRARIES / "lib\\c.so.6"]
    assert find_owners(paths, os.environ) == {}


# The others.

# As printed by rpm 4.18 for a package built for this purpose.
RPM = """cat <<'END'
libx-demo\t2\t1.0\t3.fc40\tx86_64\tLGPLv2+ and MIT\t/opt/liba.so.1
libx-demo\t2\t1.0\t3.fc40\tx86_64\tLGPLv2+ and MIT\t/opt/libb.so.1
Liby\t0\t1.0\t1\tx86_64\tMine\t/usr/lib/liby.so.1
file /etc/passwd is not owned by any package
END
exit 2"""


def test_answers_of_rpm_are_understood(make_program, root, tmp_path):
    environ = make_program("rpm", RPM.replace("cat", shutil.which("cat")))
    paths = [Path("/opt/libb.so.1"), Path("/lib/liby.so.1"), Path("/etc/passwd")]
    found = find_owners(paths, environ, root)
    licenses = ("LGPL-2.0-or-later AND MIT",)
    system = ("x86_64", "xlinux", "4.2")
    assert found == {
        paths[0]: SystemPackage("rpm", "libx-demo", "2:1.0-3.fc40", *system, licenses),
        paths[1]: SystemPackage("rpm", "Liby", "1.0-1", *system, ("Mine",)),
    }
    assert calls(tmp_path, "rpm") == 1


APK = """C:Q1abc=
P:musl
V:1.2.5-r1
A:x86_64
L:MIT
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
R:libc.musl-x86_64.so.1

C:Q1def=
P:zlib
V:1.3.1-r1
A:x86_64
T:A: b
L:Zlib
F:
R:top.so
F:lib
R:libz.so.1
a:0:0:777
R:libz.so.1.3.1
"""


@pytest.mark.parametrize("place", ["lib/apk/db", "usr/lib/apk/db"])
def test_the_database_of_apk_is_understood(root, tmp_path, place):
    (root / place).mkdir(parents=True)
    (root / place / "installed").write_text(APK)
    names = (
        "/lib/libz.so.1",
        "/usr/lib/libz.so.1.3.1",
        "/top.so",
        "/lib/ld-musl-x86_64.so.1",
        "/x",
    )
    paths = [Path(name) for name in names]
    found = find_owners(paths, {"PATH": str(tmp_path)}, root)
    zlib = SystemPackage("apk", "zlib", "1.3.1-r1", "x86_64", "xlinux", "4.2", ("Zlib",))
    musl = replace(zlib, name="musl", version="1.2.5-r1", licenses=("MIT",))
    assert found == dict(zip(paths, [zlib, zlib, zlib, musl]))


# What goes wrong.


@pytest.mark.parametrize(
    "script",
    ["exit 1", "echo nonsense", "printf '\\377\\t: /x\\n'", "kill -9 $$", "echo 'a: /x'; exit 3"],
)
@pytest.mark.parametrize("name", ["dpkg-query", "rpm"])
def test_a_manager_that_fails_owns_nothing(make_program, root, name, script):
    assert find_owners([Path("/x")], make_program(name, script), root) == {}


@pytest.mark.parametrize("name", ["dpkg-query", "rpm"])
def test_a_manager_that_hangs_owns_nothing(make_program, root, name):
    environ = make_program(name, f"exec {shutil.which('sleep')} 60")
    begin = time.monotonic()
    assert find_owners([Path("/x")], environ, root, patience=0.2) == {}
    assert time.monotonic() - begin < 10


def test_a_program_that_cannot_run_owns_nothing(make_program, root, tmp_path):
    environ = make_program("dpkg-query", "")
    (tmp_path / "bin/dpkg-query").write_bytes(b"\x7fELF")
    assert find_owners([Path("/x")], environ, root) == {}


def test_no_manager_and_no_files(make_program, root, tmp_path):
    assert find_owners([Path("/x")], {"PATH": str(tmp_path)}, root) == {}
    environ = make_program("dpkg-query", "exit 1")
    assert find_owners([], environ, root) == {}
    assert not (tmp_path / "calls-dpkg-query").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID=\"a b\"\nVERSION_ID='1'", ("a b", "1")),
        ("# ID=no\n\nID=arch\n", ("arch", "")),
        ("", ("linux", "")),
        ('ID="unfinished\nVERSION_ID=3', ("linux", "3")),
        ("ID\nnonsense", ("", "")),
    ],
)
def test_os_release(root, tmp_path, text, expected):
    (root / "etc/os-release").unlink()
    (root / "usr/lib/os-release").write_text(text)
    (root / "lib/apk/db").mkdir(parents=True)
    (root / "lib/apk/db/installed").write_text(APK)
    (package,) = find_owners([Path("/top.so")], {"PATH": str(tmp_path)}, root).values()
    assert (package.distribution, package.release) == expected


PURLS = [
    (
        ("deb", "libstdc++6", "1:12.2~rc1+b1", "amd64", "debian", "12"),
        "pkg:deb/debian/libstdc%2B%2B6@1:12.2~rc1%2Bb1?arch=amd64&distro=debian-12",
    ),
    (
        ("rpm", "Curl", "2:7.50.3-1.fc25", "i386", "Fedora", "25"),
        "pkg:rpm/fedora/Curl@7.50.3-1.fc25?arch=i386&distro=Fedora-25&epoch=2",
    ),
    (
        ("apk", "zlib", "1.3.1-r1", "x86_64", "alpine", "3.20.3"),
        "pkg:apk/alpine/zlib@1.3.1-r1?arch=x86_64&distro=alpine-3.20.3",
    ),
    (("deb", "x", "1", "all", "", ""), "pkg:deb/x@1?arch=all"),
    (("deb", "x", "1?#@ %", "", "", ""), "pkg:deb/x@1%3F%23%40%20%25"),
]


@pytest.mark.parametrize(("words", "expected"), PURLS)
def test_purl(words, expected):
    assert SystemPackage(*words).purl == expected


@pytest.mark.tools("packageurl")
@pytest.mark.parametrize("expected", [expected for _, expected in PURLS])
def test_purls_are_canonical(expected):
    from packageurl import PackageURL

    assert PackageURL.from_string(expected).to_string() == expected
