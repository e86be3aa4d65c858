"""``felloe repair`` with --strip, and on wheels that were repaired before."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.graft_samples import (
    ADD_PROGRAM,
    libraries_of,
    module_file,
    platforms_of,
    unpack,
)

M = module_file("m")


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
        ("twice-1.0.data/scripts/add", forge.program(ADD_PROGRAM, add)),
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
    second = forge.repair(first, "--include=libchain_b.so.1", to="second").wheel
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


@pytest.mark.tools("auditwheel")
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
