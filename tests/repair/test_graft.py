"""Libraries of the build machine that the hook copies, and names that keep wheels apart."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys

import pytest
from support.graft_samples import (
    LINUX,
    OLDEST,
    SUFFIX,
    Forge,
    dynamic_of,
    libraries_of,
    module_file,
    platforms_of,
    unpack,
)


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


# Two wheels in one process.


def make_pair(forge, name, value, outer_code=None):
    """A wheel whose module needs libouter, which needs libinner, which returns ``value``."""
    at = forge.place / f"lib-{name}"
    inner = forge.library("libinner.so.1", f"int inner(void) {{ return {value}; }}", at=at)
    code = outer_code or "int inner(void); int outer(void) { return 10 * inner(); }"
    outer = forge.library("libouter.so.1", code, inner, at=at)
    flags = (outer, f"-Wl,-rpath-link,{at}")
    data = forge.module(name, "outer()", *flags)
    wheel = forge.repaired(name, [(module_file(name), data)], "--search", at)
    return wheel, outer.read_bytes()


@pytest.mark.slow
def test_an_equal_outer_library_over_different_inner_ones(forge):
    """Each module gets its own. Names by content alone fail here, as auditwheel's do."""
    one, first = make_pair(forge, "one", 1)
    two, second = make_pair(forge, "two", 2)
    # One name for both, were it made of the file alone: the second wheel's module would be
    # given what the first one's had loaded.
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
    names = [{name.partition("/")[2] for name in unpack(w) if ".libs/" in name} for w in (one, two)]
    assert not names[0] & names[1]
    site = forge.install(one, two)
    for order in (("one", "two"), ("two", "one")):
        seen = forge.ask(site, *order)
        assert seen.values == [{"one": 10, "two": 20}[name] for name in order]
        assert len(seen.named("libouter-")) == len(seen.named("libinner-")) == 2


def test_two_wheels_with_the_same_libraries_load_them_once(forge):
    one, _ = make_pair(forge, "one", 7)
    two, _ = make_pair(forge, "two", 7)
    seen = forge.ask(forge.install(one, two), "one", "two")
    assert seen.values == [70, 70]
    assert len(seen.named("libouter-")) == len(seen.named("libinner-")) == 1


def test_a_library_of_the_same_name_that_is_loaded_before(forge):
    """The host's own version is in the process already, as one that another package needs."""
    wheel, _ = make_pair(forge, "one", 3)
    host = forge.library("libouter.so.1", "int outer(void) { return -1; }", at=forge.place / "host")
    other = forge.module("other", "outer()", host, rpath=forge.place / "host")
    site = forge.install(wheel)
    (site / module_file("other")).write_bytes(other)
    assert forge.ask(site, "other", "one").values == [-1, 30]


# The hook.


@pytest.fixture
def outer(forge):
    """What the project links, in a prefix that no loader knows."""
    lib = forge.place / "prefix" / "lib"
    inner = forge.library("libinner.so.2", "int inner(void) { return 4; }", at=lib)
    code = "int inner(void); int outer(void) { return 10 + inner(); }"
    forge.library("libouter.so.2", code, inner, "-Wl,-rpath,$ORIGIN", at=lib)
    (lib / "libouter.so").symlink_to("libouter.so.2")
    return lib


@pytest.fixture
def build(forge, outer, hook, copy_project):
    """Build graft_chain by the hook; answers what was said and the wheel."""
    project = copy_project("graft_chain")

    def call(config=None, *, env=None, check=True):
        out = forge.place / "dist"
        out.mkdir(exist_ok=True)
        environ = {"CMAKE_PREFIX_PATH": str(outer.parent), **(env or {})}
        options = {"build-dir": str(forge.place / "build"), **(config or {})}
        done = hook(project, "build_wheel", out, options, env=environ, check=check)
        return done, out / done.value if done.value else None

    return call


def test_a_build_brings_its_libraries_along(build, forge, outer, tmp_path):
    """No repair: the linker's paths tell where they are, and are gone from what comes out."""
    done, wheel = build()
    assert libraries_of(wheel) == ["libinner.so.2", "libouter.so.2"]
    assert f"felloe: copying libouter.so.2 from {outer}/libouter.so.2\n" in done.output
    assert f"felloe: copying libinner.so.2 from {outer}/libinner.so.2\n" in done.output
    assert "felloe: warning" not in done.output
    found = dynamic_of(wheel, f"chain{SUFFIX}", tmp_path)
    assert found.rpath + found.runpath == "$ORIGIN/graft_chain.libs"
    assert "linux_x" not in platforms_of(wheel).replace("manylinux", "")
    # What CMake made is as CMake made it: the next build of the tree must find it so.
    (built,) = (forge.place / "build").glob(f"**/chain{SUFFIX}")
    assert str(outer).encode() in built.read_bytes()
    assert built.read_bytes() != unpack(wheel)[f"chain{SUFFIX}"]
    site = forge.install(wheel)
    outer.parent.rename(forge.place / "prefix-is-gone")
    assert forge.ask(site, "chain").values == [14]
    assert subprocess.run([site / "bin" / "graft-chain"], check=False).returncode == 14
    # The same again, from the same tree.
    (forge.place / "prefix-is-gone").rename(outer.parent)
    before = wheel.read_bytes()
    build()
    assert wheel.read_bytes() == before


@pytest.mark.slow
def test_a_missing_library_does_not_stop_an_install(build, outer, tmp_path):
    """It is found when linking, by another name, and not by the one it will be loaded by."""
    (outer / "libouter.so").unlink()
    (outer / "libouter.so.2").rename(outer / "libouter.so")
    done, wheel = build()
    assert platforms_of(wheel) == LINUX
    assert f"libouter.so.2, which chain{SUFFIX} needs, was not found in {outer} (R" in done.output
    assert "warning: the wheel is tagged " in done.output
    assert dynamic_of(wheel, f"chain{SUFFIX}", tmp_path).rpath == ""
    done, wheel = build({"felloe.on-violation": "error"}, check=False)
    assert wheel is None
    assert done.exit_code == 1
    assert f"error: the wheel is tagged {LINUX}, which PyPI refuses" in done.output


def test_settings_reach_the_graft(build):
    config = {"felloe.libraries.exclude": "libouter.so.*", "felloe.strip": "all"}
    done, wheel = build(config)
    assert libraries_of(wheel) == []
    assert "copying" not in done.output
    assert b".symtab" not in unpack(wheel)[f"chain{SUFFIX}"]
    assert not any(name.startswith("graft_chain.scripts/") for name in unpack(wheel))
    done, wheel = build({"felloe.platform": "linux"})
    assert (libraries_of(wheel), platforms_of(wheel)) == ([], LINUX)
    env = {"FELLOE_LIBRARIES_PROVIDED_BY": "provider=libouter*"}
    done, wheel = build(env=env, check=False)
    assert wheel is None
    assert "`libraries.provided-by` names provider, which the wheel does not require" in done.output


# Claims about the machinery of these tests.


def test_the_samples_are_what_they_say(forge, tmp_path):
    """A module over nothing needs nothing, and a process without the library fails."""
    wheel = forge.repaired("bare", [(module_file("m"), forge.module("m", "1"))])
    assert platforms_of(wheel) == OLDEST
    library = forge.library("libx.so.1", "int x(void) { return 1; }")
    broken = forge.pack("broken", [(module_file("n"), forge.module("n", "x()", library))])
    site = forge.install(broken)
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(site)!r}); import n",
    ]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert re.search(r"ImportError: libx\.so\.1: cannot open", done.stderr)
    assert dynamic_of(wheel, module_file("m"), tmp_path).needed in ([], ["libc.so.6"])
