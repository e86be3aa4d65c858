"""``felloe repair`` on wheels that something else built."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.graft_samples import (
    FAMILY,
    LINUX,
    MACHINE,
    OLDEST,
    TAG,
    Forge,
    dynamic_of,
    libraries_of,
    module_file,
    platforms_of,
    read_dynamic,
    unpack,
)
from support.json_schema import validate

import felloe

SCHEMA = json.loads(
    Path(felloe.__file__).with_name("repair").joinpath("repair.schema.json").read_text()
)
M = module_file("m")


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


@pytest.fixture
def chain(forge):
    """liba needs libb needs libc: 100 + 10 + 1."""
    c = forge.library("libchain_c.so.1", "int c(void) { return 1; }")
    b = forge.library("libchain_b.so.1", "int c(void); int b(void) { return 10 + c(); }", c)
    return forge.library("libchain_a.so.1", "int b(void); int a(void) { return 100 + b(); }", b)


@pytest.fixture
def simple(forge):
    """A module over one library."""
    library = forge.library("libone.so.1", "int one(void) { return 1; }")
    return forge.module("m", "one()", library)


def rpath_of(wheel, member, scratch):
    return dynamic_of(wheel, member, scratch).rpath


# What is copied, and how it is found.


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


# RPATH and RUNPATH.


@pytest.mark.parametrize("tags", ["RPATH", "RUNPATH"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/build/lib", "$ORIGIN/../paths.libs"),
        ("", "$ORIGIN/../paths.libs"),
        (":", "$ORIGIN/../paths.libs"),
        ("relative/lib:$ORIGIN/nothing-here", "$ORIGIN/../paths.libs"),
        ("$ORIGIN/../../../outside", "$ORIGIN/../paths.libs"),
        ("$ORIGIN/sub:/usr/lib", "$ORIGIN/sub:$ORIGIN/../paths.libs"),
        ("${ORIGIN}/sub", "$ORIGIN/sub:$ORIGIN/../paths.libs"),
        ("$ORIGIN/../neighbour/lib", "$ORIGIN/../paths.libs"),
        ("$ORIGIN/../paths.libs:$ORIGIN/sub", "$ORIGIN/sub:$ORIGIN/../paths.libs"),
    ],
)
def test_only_useful_entries_stay(tags, before, after, forge, tmp_path):
    library = forge.library("libone.so.1", "int one(void) { return 1; }")
    kind = "--enable-new-dtags" if tags == "RUNPATH" else "--disable-new-dtags"
    module = forge.module("m", "one()", library, f"-Wl,{kind}", rpath=before)
    own = forge.library("libown.so", "int own;")
    files = [(f"pkg/{M}", module), ("pkg/sub/libown.so", own.read_bytes())]
    found = dynamic_of(forge.repaired("paths", files), f"pkg/{M}", tmp_path)
    # What was RUNPATH stays that, so a user's LD_LIBRARY_PATH has the same say as before.
    kept = "runpath" if tags == "RUNPATH" and before else "rpath"
    assert {"rpath": found.rpath, "runpath": found.runpath} == {
        "rpath": "", "runpath": "", kept: after
    }  # fmt: skip


def test_a_path_that_another_one_hides_goes_as_well(forge, tmp_path):
    """Of DT_RPATH and DT_RUNPATH in one object a loader reads the second alone."""
    module = forge.module("m", "1", "-Wl,--enable-new-dtags", rpath="$ORIGIN/sub")
    patched = tmp_path / "both.so"
    patched.write_bytes(module)
    both = patched.read_bytes()
    # Turn an entry that this object can do without into a DT_RPATH of the same string.
    both = add_rpath_beside_runpath(both)
    assert read_dynamic(both, tmp_path)[2:4] == ("$ORIGIN/sub", "$ORIGIN/sub")
    files = [(f"pkg/{M}", both), ("pkg/sub/libown.so", module)]
    found = dynamic_of(forge.repaired("both", files), f"pkg/{M}", tmp_path)
    assert (found.rpath, found.runpath) == ("", "$ORIGIN/sub")


def add_rpath_beside_runpath(data):
    """Write DT_RPATH over DT_RELACOUNT, with DT_RUNPATH's value."""
    at = data.index((29).to_bytes(8, "little"), data.index(b"\x7fELF") + 64)
    value = data[at + 8 : at + 16]
    count = data.index((0x6FFFFFF9).to_bytes(8, "little"))
    return data[:count] + (15).to_bytes(8, "little") + value + data[count + 16 :]


def test_no_path_of_the_build_machine_is_left_in_any_scheme(forge, tmp_path):
    """Not even in a program that needs nothing and is moved nowhere."""
    path = f"-Wl,-rpath,{forge.lib}:$ORIGIN/../lib"
    program = forge.program("int main(void) { return 7; }", path)
    data = forge.library("libdata.so", "int d;", "-Wl,-rpath,/build")
    files = [
        ("schemes-1.0.data/scripts/seven", program),
        ("schemes-1.0.data/data/share/libdata.so", data.read_bytes()),
        (M, forge.module("m", "1")),
    ]
    wheel = forge.repaired("schemes", files)
    for member, kept in (("scripts/seven", "$ORIGIN/../lib"), ("data/share/libdata.so", "")):
        found = dynamic_of(wheel, f"schemes-1.0.data/{member}", tmp_path)
        assert found.rpath + found.runpath == kept
    site = forge.install(wheel)
    assert subprocess.run([site / "bin" / "seven"], check=False).returncode == 7


# Choices.


@pytest.mark.parametrize(
    "glob", ["libone.so.1", "libone.*", "{lib}/libone.so.1", "{lib}/*", "{real}/libone.so.1.9"]
)
def test_exclude(glob, forge, tmp_path):
    """By what it is needed as, by the path it is found at, and by the file's own."""
    real = forge.place / "real"
    two = forge.library("libtwo.so.1", "int two(void) { return 2; }", at=real)
    code = "int two(void); int one(void) { return 1 + two(); }"
    forge.library("libone.so.1.9", code, two, soname="libone.so.1", at=real)
    (forge.lib / "libone.so.1").symlink_to(real / "libone.so.1.9")
    flags = (forge.lib / "libone.so.1", f"-Wl,-rpath-link,{real}")
    files = [(M, forge.module("m", "one()", *flags))]
    pattern = glob.format(lib=forge.lib, real=real)
    wheel = forge.repaired("excluded", files, "--exclude", pattern)
    assert libraries_of(wheel) == []  # nor what it needs in turn
    assert platforms_of(wheel) == OLDEST
    assert "libone.so.1" in dynamic_of(wheel, M, tmp_path).needed
    other = forge.repaired("other", files, "--exclude=libone.so", "--search", real)
    assert libraries_of(other) == ["libone.so.1", "libtwo.so.1"]


def test_drivers_are_never_copied(forge, tmp_path):
    stubs = [
        forge.library("libcuda.so.1", "int cuda(void) { return 40; }"),
        forge.library("libnvidia-ml.so.1", "int nvml(void) { return 2; }"),
    ]
    module = forge.module("m", "cuda() + nvml()", *stubs)
    wheel = forge.repaired("driver", [(M, module)])
    assert libraries_of(wheel) == []
    assert platforms_of(wheel) == OLDEST
    assert {"libcuda.so.1", "libnvidia-ml.so.1"} <= set(dynamic_of(wheel, M, tmp_path).needed)
    copied = forge.repaired("driver", [(M, module)], "--include", "libcuda.so.1")
    assert libraries_of(copied) == ["libcuda.so.1"]


_DLOPEN = """
#include <dlfcn.h>
static int plug(void) {
  void *library = dlopen("libplug.so.1", RTLD_NOW);
  int (*found)(void) = library ? (int (*)(void))dlsym(library, "plug") : 0;
  return found ? found() : -1;
}
"""


@pytest.mark.parametrize("where", ["module", "library"])
@pytest.mark.parametrize("tags", ["--enable-new-dtags", "--disable-new-dtags"])
def test_include(where, tags, forge):
    """What is loaded by name keeps its name, and is found by whoever asks for it."""
    inner = forge.library("libinner.so.1", "int inner(void) { return 5; }")
    code = "int inner(void); int plug(void) { return 10 + inner(); }"
    forge.library("libplug.so.1.4", code, inner, soname="libplug.so.1")
    (forge.lib / "libplug.so.1").symlink_to("libplug.so.1.4")
    asker = _DLOPEN.replace("static int plug", "int ask")
    if where == "library":
        library = forge.library("libasks.so.1", asker)
        module = forge.module("m", "ask()", library, f"-Wl,{tags}", rpath="$ORIGIN")
    else:
        module = forge.module("m", "ask()", f"-Wl,{tags}", code=asker, rpath="$ORIGIN")
    wheel = forge.repaired("plug", [(f"pkg/{M}", module)], "--include", "libplug.so.1")
    assert "plug.libs/libplug.so.1" in unpack(wheel)
    assert forge.ask(forge.install(wheel), "pkg.m").values == [15]


def test_include_by_another_name_than_the_soname(forge):
    """The name in the call of dlopen is the one that counts."""
    forge.library("libplug.so.1.4", "int plug(void) { return 5; }", soname="libplug.so.1.4")
    (forge.lib / "libplug.so.1").symlink_to("libplug.so.1.4")
    module = forge.module("m", "plug()", code=_DLOPEN)
    wheel = forge.repaired("alias", [(M, module)], "--include=libplug.so.1")
    assert forge.ask(forge.install(wheel), "m").values == [5]


def test_an_included_library_that_is_not_there(forge):
    done = forge.repair(forge.pack("absent", [(M, forge.module("m", "1"))]), "--include=libno.so")
    assert "libno.so, which `libraries.include` needs, was not found in " in done.errors


_NOTE = """
#define TEXT "[{\\"soname\\":[\\"libplug.so.1\\"],\\"feature\\":\\"plug\\"}]"
static const struct { unsigned n, d, t; char o[4]; char s[(sizeof TEXT + 3) & ~3]; } note
  __attribute__((used, aligned(4), section(".note.dlopen"))) =
  {4, sizeof TEXT, 0x407c0c0a, "FDO", TEXT};
"""


def test_a_declared_dlopen_is_reported(forge):
    forge.library("libplug.so.1", "int plug(void) { return 5; }")
    given = forge.pack("note", [(M, forge.module("m", "plug()", code=_NOTE + _DLOPEN))])
    done = forge.repair(given)
    assert f"{M} declares that it loads libplug.so.1 at run time" in done.errors
    assert "`libraries.include`" in done.errors


def test_a_declared_dlopen_that_is_included_is_nothing_to_report(forge):
    forge.library("libplug.so.1", "int plug(void) { return 5; }")
    given = forge.pack("note", [(M, forge.module("m", "plug()", code=_NOTE + _DLOPEN))])
    done = forge.repair(given, "--include=libplug.so.1")
    assert "libplug.so.1" in libraries_of(done.wheel)
    assert "declares" not in done.errors


@pytest.fixture
def provider(forge):
    """A distribution that installs a library, and where it is installed now."""
    library = forge.library("libprov.so.1", "int prov(void) { return 9; }")
    files = [("provider/__init__.py", ""), ("provider/lib/libprov.so.1", library.read_bytes())]
    return forge.pack("provider", files, tag=f"py3-none-{LINUX}"), library


def test_a_library_that_another_distribution_provides(forge, provider, tmp_path):
    wheel, library = provider
    outer = forge.library(
        "libouter.so.1", "int prov(void); int o(void) { return prov(); }", library
    )
    files = [
        (f"pkg/sub/{M}", forge.module("m", "1 + prov()", library)),
        (f"pkg/{module_file('n')}", forge.module("n", "o()", outer)),
    ]
    library.unlink()
    builder = forge.install(wheel, to="builder")
    (forge.place / "lib-is-gone").rename(forge.lib)
    given = forge.pack("taker", files, metadata="Requires-Dist: Provider>=1\n")
    env = {"PYTHONPATH": f"{builder}:{os.environ.get('PYTHONPATH', '')}"}
    done = forge.repair(given, "--provided-by=provider=libprov*.so*", env=env)
    assert done.exit_code == 0, done.errors
    assert platforms_of(done.wheel) == OLDEST
    assert libraries_of(done.wheel) == ["libouter.so.1"]
    assert rpath_of(done.wheel, f"pkg/sub/{M}", tmp_path) == "$ORIGIN/../../provider/lib"
    assert rpath_of(done.wheel, r"taker\.libs/", tmp_path) == "$ORIGIN/../provider/lib"
    site = forge.install(done.wheel, wheel)
    # Each by itself: what one has loaded, the other would be given.
    for module, value in (("pkg.sub.m", 10), ("pkg.n", 9)):
        seen = forge.ask(site, module)
        assert seen.values == [value]
        assert seen.named("libprov") == [f"{site}/provider/lib/libprov.so.1"]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("required", "which is not installed here"),
        ("installed", "which the wheel does not require"),
        ("other", "provider is to provide libprov.so.1, and does not install it"),
    ],
)
def test_a_provider_must_be_required_and_there(case, said, forge, provider):
    wheel, library = provider
    module = forge.module("m", "prov()", library)
    if case == "other":
        wheel = forge.pack("provider", [("provider/libelse.so", library.read_bytes())], at="other")
    env = {}
    if case != "required":
        builder = forge.install(wheel, to="builder")
        env = {"PYTHONPATH": f"{builder}:{os.environ.get('PYTHONPATH', '')}"}
    metadata = "" if case == "installed" else "Requires-Dist: provider\n"
    given = forge.pack("taker", [(M, module)], metadata=metadata)
    env["FELLOE_LIBRARIES_PROVIDED_BY"] = "provider=libprov.so.1"
    done = forge.repair(given, env=env)
    assert done.exit_code == 1
    assert said in done.errors
    assert not done.wheels


def test_a_missing_library(forge, simple):
    (forge.lib / "libone.so.1").unlink()
    given = forge.pack("missing", [(f"pkg/{M}", simple)])
    search = forge.place / "search"
    done = forge.repair(given, "--search", search)
    assert done.exit_code == 1
    assert not done.wheels
    warning = next(line for line in done.errors.splitlines() if line.startswith("felloe: warning"))
    assert f"libone.so.1, which pkg/{M} needs, was not found in {search} (libraries" in warning
    assert f"{forge.lib} (LD_LIBRARY_PATH)" in warning
    assert "/etc/ld.so.cache (system)" in warning
    assert f"the wheel is tagged {LINUX}, which PyPI refuses" in done.errors
    kept = forge.repair(given, env={"FELLOE_ON_VIOLATION": "degrade"})
    assert kept.exit_code == 0
    assert platforms_of(kept.wheel) == LINUX


def test_a_directory_to_search(forge, simple):
    forge.lib.rename(forge.place / "hidden")
    given = forge.pack("search", [(M, simple)])
    assert forge.repair(given).exit_code == 1
    done = forge.repair(given, "--search", forge.place / "hidden")
    assert done.exit_code == 0
    assert f"felloe: copying libone.so.1 from {forge.place}/hidden/libone.so.1\n" in done.output


def test_libpython_is_dropped_from_what_an_interpreter_loads(forge, tmp_path):
    soname = "libpython{}.{}.so.1.0".format(*sys.version_info[:2])
    stub = forge.library(soname, "int nothing;")
    flags = ("-Wl,--no-as-needed", stub)
    files = [
        (M, forge.module("m", "1", *flags)),
        ("libinside.so", forge.library("libinside.so", "int i;", *flags).read_bytes()),
    ]
    stub.unlink()
    given = forge.pack("python", files)
    done = forge.repair(given)
    assert libraries_of(done.wheel) == []
    assert f"{M} no longer needs {soname}" in done.errors
    assert platforms_of(done.wheel) == OLDEST
    for member in (M, "libinside.so"):
        assert soname not in dynamic_of(done.wheel, member, tmp_path).needed
    assert forge.ask(forge.install(done.wheel), "m").values == [1]


def test_a_program_keeps_its_libpython(forge, tmp_path):
    """It is no guest of an interpreter. No policy promises the library, so the tag says so."""
    soname = "libpython{}.{}.so.1.0".format(*sys.version_info[:2])
    stub = forge.library(soname, "int Py_Main(void) { return 0; }")
    program = forge.program("int Py_Main(void); int main(void) { return Py_Main(); }", stub)
    stub.unlink()
    given = forge.pack("embeds", [("pkg/program", program), (M, forge.module("m", "1"))])
    done = forge.repair(given, env={"FELLOE_ON_VIOLATION": "degrade"})
    assert soname in dynamic_of(done.wheel, "pkg/program", tmp_path).needed
    assert platforms_of(done.wheel) == LINUX


def test_platform_linux_copies_nothing(forge, simple):
    given = forge.pack("local", [(M, simple)])
    done = forge.repair(given, "--platform=linux")
    assert done.exit_code == 0
    assert platforms_of(done.wheel) == LINUX
    assert unpack(done.wheel)[M] == simple
    assert libraries_of(done.wheel) == []


def test_a_flag_wins_over_the_environment(forge, simple):
    given = forge.pack("flag", [(M, simple)])
    env = {"FELLOE_PLATFORM": "linux", "FELLOE_LIBRARIES_EXCLUDE": "libone*"}
    done = forge.repair(given, "--platform=auto", "--exclude=libtwo*", env=env)
    assert libraries_of(done.wheel) == ["libone.so.1"]
    done = forge.repair(given, "--platform=musllinux_1_2", env=env)
    assert done.exit_code == 1
    assert "error: --platform wants musllinux_1_2; the wheel is tagged" in done.errors
    done = forge.repair(given, "--platform=macosx")
    assert done.exit_code == 2
    assert "argument --platform: 'macosx' is not" in done.errors


# Programs.

_ADD = """
#include <stdio.h>
#include <stdlib.h>
int add(int, int);
int main(int count, char **words) {
  if (count != 3) return 64;
  printf("%d\\n", add(atoi(words[1]), atoi(words[2])));
  return 3;
}
"""


def run(*command, env=None):
    done = subprocess.run(
        list(map(str, command)), check=False, text=True, capture_output=True, env=env
    )
    return done.returncode, done.stdout.strip()


@pytest.fixture
def programs(forge):
    """A wheel with programs that need a copied library, one of the wheel's, and nothing."""
    add = forge.library("libadd.so.1", "int add(int a, int b) { return a + b; }")
    own = forge.library("libown.so.1", "int add(int a, int b) { return a * b; }")
    alone = forge.program("int main(int n, char **w) { return n; }")
    static = forge.program("int main(int n, char **w) { return 10 + n; }", "-static", "-fno-PIC")
    data = "tools-1.0.data/scripts"
    files = [
        (f"{data}/add", forge.program(_ADD, add)),
        (f"{data}/multiply", forge.program(_ADD, own)),
        (f"{data}/alone", alone),
        (f"{data}/static", static),
        ("tools/libown.so.1", own.read_bytes()),
    ]
    wheel = forge.repaired("tools", files, tag=f"py3-none-{LINUX}")
    members = unpack(wheel)
    # What needs nothing is left where it is, byte for byte.
    assert members[f"{data}/alone"] == alone
    assert members[f"{data}/static"] == static
    assert members[f"{data}/add"].startswith(b"#!python\n")
    assert members["tools.scripts/add"].startswith(b"\x7fELF")
    assert libraries_of(wheel) == ["libadd.so.1"]
    assert "linux_x" not in platforms_of(wheel).replace("manylinux", "")
    return wheel


def check_programs(bin_directory):
    assert run(bin_directory / "add", 2, 3) == (3, "5")
    assert run(bin_directory / "add") == (64, "")
    assert run(bin_directory / "multiply", 2, 3) == (3, "6")
    assert run(bin_directory / "alone", "x", "y") == (3, "")
    assert run(bin_directory / "static") == (11, "")


def test_programs_in_a_target_directory(forge, programs):
    check_programs(forge.install(programs) / "bin")


def test_programs_in_a_virtual_environment(forge, programs, make_venv, tmp_path):
    python = make_venv(tmp_path / "venv", sys.executable)
    install = ("--python", python, "install", "-q", "--no-index", "--no-deps", programs)
    assert run(sys.executable, "-m", "pip", *install) == (0, "")
    forge.lib.rename(forge.place / "gone")
    check_programs(python.parent)
    # A signal arrives at the program itself: nothing stands between.
    assert (python.parent / "add").read_text().count("execv") == 1


def test_a_program_without_its_mode_bits_can_still_be_run(forge):
    """Some backends leave them to the installer, and some installers set them for scripts."""
    add = forge.library("libadd.so.1", "int add(int a, int b) { return a + b; }")
    files = [("bits-1.0.data/scripts/add", forge.program(_ADD, add))]
    given = forge.pack("bits", files, tag=f"py3-none-{LINUX}", mode=0o644)
    site = forge.install(forge.repair(given).wheel)
    assert os.access(site / "bits.scripts" / "add", os.X_OK)
    assert run(site / "bin" / "add", 1, 1) == (3, "2")


def test_a_program_that_needs_nothing_keeps_the_tags_of_both_c_libraries(forge):
    static = forge.program("int main(void) { return 10; }", "-static", "-fno-PIC")
    tag = f"py3-none-manylinux_2_17_{MACHINE}.musllinux_1_1_{MACHINE}"
    wheel = forge.repaired("both", [("both-1.0.data/scripts/both", static)], tag=tag)
    assert platforms_of(wheel) == f"{OLDEST}.musllinux_1_1_{MACHINE}"


def test_programs_in_a_wheel_for_any_machine(forge):
    """As setuptools tags what it does not know to be a program."""
    add = forge.library("libadd.so.1", "int add(int a, int b) { return a + b; }")
    files = [("any-1.0.data/scripts/add", forge.program(_ADD, add))]
    wheel = forge.repaired("any", files, tag="py3-none-any")
    assert wheel.name.startswith("any-1.0-py3-none-manylinux")
    assert b"Root-Is-Purelib: false" in unpack(wheel)["any-1.0.dist-info/WHEEL"]
    assert run(forge.install(wheel) / "bin" / "add", 20, 2) == (3, "22")


# Strip.


@pytest.fixture
def debuggable(forge):
    """A module and a library, each with debugging information and a local symbol."""
    code = "static __attribute__((noinline)) int hidden(int n) { return n * 2; }\n"
    library = forge.library("libg.so.1", code + "int g(int n) { return hidden(n); }", "-g3")
    code += "int g(int);"
    return [(M, forge.module("m", "g(hidden(1))", library, "-g3", code=code))]


def test_strip(forge, debuggable):
    sizes = {}
    for level in ("none", "debug", "all"):
        wheel = forge.repair(forge.pack("strip", debuggable), f"--strip={level}", to=level).wheel
        members = unpack(wheel)
        (library,) = (name for name in members if name.startswith("strip.libs/"))
        sizes[level] = (len(members[M]), len(members[library]))
        present = [b".debug_info" in members[M], b"\0hidden" in members[M]]
        assert present == [level == "none", level != "all"]
    assert sizes["none"] > sizes["debug"] > sizes["all"]
    for at, level in enumerate(("debug", "all")):
        (wheel,) = (forge.place / level).glob("*.whl")
        assert forge.ask(forge.install(wheel, to=f"site{at}"), "m").values == [4]


def test_strip_an_already_repaired_wheel(forge, debuggable):
    first = forge.repaired("again", debuggable)
    second = forge.repair(first, "--strip=all", to="second").wheel
    assert second.stat().st_size < first.stat().st_size
    assert forge.ask(forge.install(second), "m").values == [4]


@pytest.mark.parametrize("env", [{"PATH": "/nowhere"}, {"STRIP": "/nowhere/strip"}])
def test_strip_that_is_missing(env, forge, debuggable):
    done = forge.repair(forge.pack("strip", debuggable), "--strip=debug", env=env)
    assert done.exit_code == 1
    assert "error: `strip = 'debug'` needs the program " in done.errors
    assert "hint: install binutils" in done.errors
    assert not done.wheels


# More than one repair.


def test_repairing_twice_changes_nothing(forge, chain):
    forge.library("libplug.so.1", "int plug(void) { return 0; }")
    own = forge.library("libown.so.1", "int own(void) { return 6; }")
    add = forge.library("libadd.so.1", "int add(int a, int b) { return a + b; }")
    files = [
        (f"pkg/{M}", forge.module("m", "a()", chain, rpath="/build")),
        (f"other/{M}", forge.module("m", "own()", own)),
        ("pkg/libown.so.1", own.read_bytes()),
        ("twice-1.0.data/scripts/add", forge.program(_ADD, add)),
    ]
    first = forge.repaired("twice", files, "--include=libplug.so.1")
    forge.lib.rename(forge.place / "gone")
    for options in ((), ("--include=libplug.so.1",)):
        done = forge.repair(first, *options, to=f"again{len(options)}")
        assert done.wheel.name == first.name
        assert done.wheel.read_bytes() == first.read_bytes()
        assert "felloe: warning" not in done.errors  # what it holds is not looked for again


def test_equal_input_gives_equal_output(forge, chain):
    given = forge.pack("same", [(M, forge.module("m", "a()", chain))])
    found = {
        forge.repair(given, to=place, env={"PYTHONHASHSEED": seed}).wheel.read_bytes()
        for place, seed in (("one", "1"), ("two", "2"))
    }
    assert len(found) == 1


def test_a_second_repair_that_copies_more_keeps_the_list_of_the_first(forge, chain):
    given = forge.pack("more", [(M, forge.module("m", "a()", chain))])
    first = forge.repair(given, "--exclude=libchain_b.so.1").wheel
    assert libraries_of(first) == ["libchain_a.so.1"]
    second = forge.repair(first, to="second").wheel
    assert libraries_of(second) == ["libchain_a.so.1", "libchain_b.so.1", "libchain_c.so.1"]
    members = unpack(second)
    document = json.loads(members["more-1.0.dist-info/sboms/felloe.cdx.json"])
    listed = {item["bom-ref"]: item["hashes"][0]["content"] for item in document["components"]}
    # Of what was copied before, the second repair has changed a name and so the hash.
    assert listed == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in members.items()
        if name.startswith("more.libs/")
    }
    assert forge.ask(forge.install(second), "m").values == [111]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="auditwheel needs Python 3.10")
def test_a_wheel_that_auditwheel_has_repaired(forge, chain, tmp_path):
    given = forge.pack("audited", [(f"pkg/{M}", forge.module("m", "a()", chain))])
    command = [sys.executable, "-m", "auditwheel", "repair", "-w", tmp_path / "audited", given]
    env = {**forge.environ, "LD_LIBRARY_PATH": str(forge.lib)}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    done = subprocess.run(
        list(map(str, command)), env=env, check=False, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    (theirs,) = (tmp_path / "audited").glob("*.whl")
    ours = forge.repair(theirs).wheel
    assert platforms_of(ours) == platforms_of(theirs)
    before, after = unpack(theirs), unpack(ours)
    assert {name: after[name] for name in after if name.endswith((".so", ".1"))} == {
        name: before[name] for name in before if name.endswith((".so", ".1"))
    }
    assert forge.ask(forge.install(ours), "pkg.m").values == [111]


# Files and directories.


def test_the_output_may_take_the_place_of_the_input(forge, simple):
    """A wheel that keeps its name: read to the end before it is replaced."""
    first = forge.repaired("place", [(M, simple)])
    before = first.read_bytes()
    loose = forge.pack("place", [(M, simple)], tag=f"{TAG}-{OLDEST}", at="out")
    assert loose == first
    assert loose.read_bytes() != before
    done = forge.repair(loose)
    assert done.exit_code == 0
    assert done.wheels == [first]
    assert first.read_bytes() == before
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_failed_repair_leaves_what_was_there(forge, simple):
    first = forge.repaired("keep", [(M, simple)])
    before = first.read_bytes()
    broken = forge.pack("keep", [(M, simple[:500])], tag=f"{TAG}-{OLDEST}", at="broken")
    done = forge.repair(broken)
    assert done.exit_code == 1
    assert first.read_bytes() == before
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_directory_that_cannot_be_written(forge, simple, tmp_path):
    given = forge.pack("nowhere", [(M, simple)])
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below", "/proc/felloe"):
        done = forge.repair(given, "-w", tmp_path / place)
        assert done.exit_code in {1, 2}
        assert str(place) in done.errors
        assert "copying" not in done.output  # refused before the work


def test_several_wheels_at_once(forge, simple, chain):
    good = forge.pack("good", [(M, simple)])
    bad = forge.pack("bad", [(M, forge.module("m", "absent()", code="int absent(void);"))])
    bad.write_bytes(bad.read_bytes()[:-30])
    other = forge.pack("other", [(M, forge.module("m", "a()", chain))])
    done = forge.repair(good, bad, other)
    assert done.exit_code == 1
    assert [path.name.split("-")[0] for path in done.wheels] == ["good", "other"]
    assert "bad-1.0" in done.errors
    nothing = forge.repair(good, forge.place / "no.whl", to="nothing")
    assert nothing.exit_code == 2
    assert not nothing.wheels


def test_a_pure_wheel_passes_through(forge):
    wheel = forge.repaired("pure", [("pure.py", "x = 1\n")], tag="py3-none-any")
    assert wheel.name == "pure-1.0-py3-none-any.whl"
    assert unpack(wheel)["pure.py"] == b"x = 1\n"


# --json.


def documents_of(done):
    documents = [json.loads(line) for line in done.output.splitlines()]
    for document in documents:
        validate(document, SCHEMA)
    return documents


def test_json_of_a_repair(forge, chain):
    given = forge.pack("json", [(M, forge.module("m", "a()", chain))])
    done = forge.repair("--json", given)
    (document,) = documents_of(done)
    assert "copying libchain_a.so.1" in done.errors  # words go elsewhere
    (member,) = (name for name in unpack(done.wheel) if "libchain_b" in name)
    b = (forge.lib / "libchain_b.so.1").read_bytes()
    assert document["copied"][1] == {
        "soname": "libchain_b.so.1",
        "from": f"{forge.lib}/libchain_b.so.1",
        "to": member,
        "sha256": hashlib.sha256(b).hexdigest(),
    }
    assert len(document["copied"]) == 3
    assert document["wheel"] == given.name
    assert document["written"] == str(done.wheel)
    assert document["tags"] == {
        "before": [f"{TAG}-{LINUX}"],
        "after": [f"{TAG}-{platform}" for platform in OLDEST.split(".")],
    }
    assert document["missing"] == []
    assert document["violation"] is document["error"] is None


def test_json_of_failures(forge, simple):
    (forge.lib / "libone.so.1").unlink()
    missing = forge.pack("missing", [(M, simple)])
    broken = forge.pack("broken", [(M, simple)])
    broken.write_bytes(b"no zip")
    done = forge.repair("--json", missing, broken)
    assert done.exit_code == 1
    first, second = documents_of(done)
    assert first["written"] is None
    assert first["tags"]["after"] == [f"{TAG}-{LINUX}"]
    (item,) = first["missing"]
    assert (item["soname"], item["requester"]) == ("libone.so.1", M)
    assert f"{forge.lib} (LD_LIBRARY_PATH)" in item["places"]
    assert LINUX in first["violation"]["message"]
    assert first["error"] is None
    assert second["tags"] is second["written"] is None
    assert "not a zip file" in second["error"]
    degraded = forge.repair("--json", missing, env={"FELLOE_ON_VIOLATION": "degrade"})
    (document,) = documents_of(degraded)
    assert document["written"]
    assert document["violation"]


def test_the_schema_can_refuse():
    from jsonschema import Draft202012Validator, ValidationError

    with pytest.raises(ValidationError):
        validate({"version": 1}, SCHEMA)
    Draft202012Validator.check_schema(SCHEMA)
    assert FAMILY.name == "manylinux"
