"""Libraries that ``felloe repair`` copies, and how they are found."""

from __future__ import annotations

import re

import pytest
from support.graft_samples import (
    MACHINE,
    OLDEST,
    dynamic_of,
    libraries_of,
    module_file,
    platforms_of,
    read_dynamic,
    rpath_of,
    unpack,
)

M = module_file("m")


def test_a_chain_of_libraries(forge, chain, tmp_path):
    wheel = forge.repaired("chain", [(f"pkg/{M}", forge.module("m", "a()", chain))])
    assert platforms_of(wheel) == OLDEST
    assert libraries_of(wheel) == ["libchain_a.so.1", "libchain_b.so.1", "libchain_c.so.1"]
    assert rpath_of(wheel, f"pkg/{M}", tmp_path) == "$ORIGIN/../chain.libs"
    for stem, rpath in (("a", "$ORIGIN"), ("b", "$ORIGIN"), ("c", "")):
        found = dynamic_of(wheel, rf"chain\.libs/libchain_{stem}-", tmp_path)
        assert (found.rpath, found.runpath) == (rpath, "")
        assert re.fullmatch(rf"libchain_{stem}-[0-9a-f]{{8}}\.so\.1", found.soname)
        assert f"chain.libs/{found.soname}" in unpack(wheel)
    site = forge.install(wheel)
    seen = forge.ask(site, "pkg.m")
    assert seen.values == [111]
    assert len(seen.named("libchain_")) == 3
    assert all(path.startswith(f"{site}/chain.libs/") for path in seen.named("libchain_"))


def test_the_wheel_given_is_left_as_it_is(forge, simple):
    given = forge.pack("kept", [(M, simple)])
    before = given.read_bytes()
    wheel = forge.repair(given).wheel
    assert given.read_bytes() == before
    assert wheel.parent.name == "out"


def test_a_library_of_many_names_is_copied_once(forge, tmp_path):
    """libx.so -> libx.so.1 -> libx.so.1.2.3, needed as an alias by one and by its soname."""
    forge.library("libx.so.1.2.3", "int x(void) { return 3; }", soname="libx.so.1")
    (forge.lib / "libx.so.1").symlink_to("libx.so.1.2.3")
    (forge.lib / "libx.so").symlink_to("libx.so.1")
    (forge.lib / "libalias.so").symlink_to("libx.so")
    as_alias = forge.library("stub/libalias.so", "int x(void) { return 0; }", soname="libalias.so")
    flags = ("-Wl,--no-as-needed", forge.lib / "libx.so", as_alias)
    files = [(M, forge.module("m", "x()", *flags)), (module_file("n"), forge.module("n", "x()"))]
    assert set(read_dynamic(files[0][1], tmp_path).needed) > {"libx.so.1", "libalias.so"}
    as_alias.unlink()
    wheel = forge.repaired("names", files[:1])
    assert libraries_of(wheel) == ["libx.so.1"]
    needed = [name for name in dynamic_of(wheel, M, tmp_path).needed if "x" in name]
    (member,) = [name for name in unpack(wheel) if name.startswith("names.libs/")]
    assert set(needed) == {member.partition("/")[2]}
    assert forge.ask(forge.install(wheel), "m").values == [3]


@pytest.mark.parametrize("link", ["by-path", "by-name"])
def test_a_library_without_a_soname(link, forge):
    """A linker writes down the path it was given, or the name of the file."""
    library = forge.library("libplain.so", "int plain(void) { return 4; }", soname="")
    flags = (library,) if link == "by-path" else (f"-L{forge.lib}", "-lplain")
    wheel = forge.repaired("plain", [(M, forge.module("m", "plain()", *flags))])
    assert libraries_of(wheel) == ["libplain.so"]
    assert forge.ask(forge.install(wheel), "m").values == [4]


def test_libraries_in_a_circle(forge):
    stub = forge.library("libright.so.1", "int right(int n) { return 0; }", at=forge.place / "stub")
    code = "int %s(int); int %s(int n) { return n ? 1 + %s(n - 1) : 0; }"
    left = forge.library("libleft.so.1", code % ("right", "left", "right"), stub)
    stub.unlink()
    forge.library("libright.so.1", code % ("left", "right", "left"), left)
    flags = (left, f"-Wl,-rpath-link,{forge.lib}")
    module = forge.module("m", "left(6)", *flags, code="int left(int);")
    wheel = forge.repaired("circle", [(M, module)])
    assert libraries_of(wheel) == ["libleft.so.1", "libright.so.1"]
    assert forge.ask(forge.install(wheel), "m").values == [6]


def test_two_libraries_of_one_name(forge, tmp_path):
    """Each module gets the one that its own path leads to, as on the build machine."""
    files = []
    for name, value in (("m", 1), ("n", 2)):
        at = forge.place / f"lib-{name}"
        library = forge.library("libsame.so.1", f"int same(void) {{ return {value}; }}", at=at)
        files.append((module_file(name), forge.module(name, "same()", library, rpath=at)))
    wheel = forge.repaired("two", files)
    assert libraries_of(wheel) == ["libsame.so.1", "libsame.so.1"]
    assert forge.ask(forge.install(wheel), "m", "n").values == [1, 2]
    assert rpath_of(wheel, M, tmp_path) + dynamic_of(wheel, M, tmp_path).runpath


def test_equal_files_at_two_places_are_one_library(forge):
    files = []
    for name in ("m", "n"):
        at = forge.place / f"lib-{name}"
        library = forge.library("libsame.so.1", "int same(void) { return 5; }", at=at)
        files.append((module_file(name), forge.module(name, "same()", library, rpath=at)))
    wheel = forge.repaired("equal", files)
    assert libraries_of(wheel) == ["libsame.so.1"]
    seen = forge.ask(forge.install(wheel), "m", "n")
    assert seen.values == [5, 5]
    assert len(seen.named("libsame")) == 1


def test_versioned_symbols_of_a_renamed_library(forge, tmp_path):
    """The name of the library stands beside the versions as well."""
    script = tmp_path / "versions.map"
    script.write_text("V_1 { global: old; local: *; }; V_2 { global: new; } V_1;")
    code = "int old(void) { return 1; } int new(void) { return 2; }"
    library = forge.library("libv.so.1", code, f"-Wl,--version-script={script}")
    module = forge.module("m", "old() + 10 * new()", library)
    assert "libv.so.1" in read_dynamic(module, tmp_path).version_files
    wheel = forge.repaired("versions", [(M, module)])
    found = dynamic_of(wheel, M, tmp_path)
    assert "libv.so.1" not in found.version_files
    assert {name for name in found.version_files if name.startswith("libv-")} <= set(found.needed)
    done = forge.ask(forge.install(wheel), "m", env={"LD_BIND_NOW": "1"})
    assert done.values == [21]


def test_exceptions_pass_through_a_copied_library(forge):
    thrower = forge.library(
        "libthrow.so.1",
        '#include <stdexcept>\nvoid fail() { throw std::out_of_range("seven"); }',
        compiler="g++",
    )
    middle = forge.library(
        "libmiddle.so.1", "void fail(); void pass() { fail(); }", thrower, compiler="g++"
    )
    code = """
    #include <stdexcept>
    void pass();
    static int caught() {
      try { pass(); } catch (const std::out_of_range &e) { return e.what()[0] == 's'; }
      return -1;
    }
    """
    module = forge.module("m", "caught()", middle, code=code, compiler="g++")
    wheel = forge.repaired("exceptions", [(M, module)])
    assert libraries_of(wheel) == ["libmiddle.so.1", "libthrow.so.1"]
    assert forge.ask(forge.install(wheel), "m").values == [1]


def test_a_module_that_an_installer_moves_to_site_packages(forge, simple, tmp_path):
    """One scheme of the .data directory is site-packages itself."""
    member = f"moved-1.0.data/platlib/pkg/{M}"
    wheel = forge.repaired("moved", [(member, simple)])
    assert rpath_of(wheel, re.escape(member), tmp_path) == "$ORIGIN/../moved.libs"
    assert forge.ask(forge.install(wheel), "pkg.m").values == [1]


def test_a_copy_that_needs_more_lowers_the_tag(forge):
    """The module alone would be for the oldest systems."""
    code = "#define _GNU_SOURCE\n#include <unistd.h>\nint new(void) { return gettid() > 0; }"
    library = forge.library("libnew.so.1", code)
    wheel = forge.repaired("lower", [(M, forge.module("m", "new()", library))])
    assert platforms_of(wheel) == f"manylinux_2_31_{MACHINE}"  # gettid is of GLIBC_2.30
    done = forge.repair(forge.pack("lower", [(M, unpack(wheel)[M])]), "--platform=manylinux_2_28")
    assert done.exit_code == 1
    assert forge.ask(forge.install(wheel), "m").values == [1]


# Libraries of the wheel itself.


def test_a_library_that_two_packages_need(forge, tmp_path):
    """It lies in one of them; the other finds it there by a path that nobody had set."""
    own = forge.library("libown.so.1", "int own(void) { return 6; }")
    files = [
        (f"one/{M}", forge.module("m", "own()", own)),
        (f"two/deep/{M}", forge.module("m", "1 + own()", own, code="int own(void);")),
        ("one/libown.so.1", own.read_bytes()),
    ]
    wheel = forge.repaired("inside", files)
    assert libraries_of(wheel) == []
    assert rpath_of(wheel, f"one/{M}", tmp_path) == "$ORIGIN"
    assert rpath_of(wheel, f"two/deep/{M}", tmp_path) == "$ORIGIN/../../one"
    site = forge.install(wheel)
    seen = forge.ask(site, "two.deep.m", "one.m")
    assert seen.values == [7, 6]
    assert seen.named("libown") == [f"{site}/one/libown.so.1"]


def test_what_a_library_of_the_wheel_needs_is_found_through_its_user(forge):
    """On the build machine the module's path helped its library; so it does here."""
    elsewhere = forge.place / "elsewhere"
    outer = forge.library("libouter.so.1", "int outer(void) { return 8; }", at=elsewhere)
    code = "int outer(void); int own(void) { return 1 + outer(); }"
    own = forge.library("libown.so.1", code, outer)
    flags = ("-Wl,--disable-new-dtags", f"-Wl,-rpath-link,{elsewhere}")
    module = forge.module("m", "own()", own, *flags, rpath=elsewhere)
    files = [(f"pkg/{M}", module), ("pkg/libown.so.1", own.read_bytes())]
    own.unlink()
    wheel = forge.repaired("through", files)
    assert libraries_of(wheel) == ["libouter.so.1"]
    elsewhere.rename(tmp := elsewhere.with_name("gone"))
    assert tmp.exists()
    assert forge.ask(forge.install(wheel), "pkg.m").values == [9]


def test_a_copied_library_that_needs_one_of_the_wheels(forge, tmp_path):
    own = forge.library("libown.so.1", "int own(void) { return 2; }")
    code = "int own(void); int outer(void) { return 1 + own(); }"
    outer = forge.library("libouter.so.1", code, own)
    module = forge.module("m", "outer()", outer, f"-Wl,-rpath-link,{forge.lib}")
    files = [(f"pkg/{M}", module), ("pkg/libown.so.1", own.read_bytes())]
    own.unlink()
    wheel = forge.repaired("back", files)
    assert libraries_of(wheel) == ["libouter.so.1"]
    assert rpath_of(wheel, r"back\.libs/libouter", tmp_path) == "$ORIGIN/../pkg"
    assert forge.ask(forge.install(wheel), "pkg.m").values == [3]
