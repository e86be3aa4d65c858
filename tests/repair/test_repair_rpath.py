"""RPATH and RUNPATH of what ``felloe repair`` writes."""

from __future__ import annotations

import subprocess

import pytest
from support.graft_samples import (
    dynamic_of,
    module_file,
    read_dynamic,
)

M = module_file("m")


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
    for member in ("scripts/seven", "data/share/libdata.so"):
        found = dynamic_of(wheel, f"schemes-1.0.data/{member}", tmp_path)
        assert found.rpath + found.runpath == ""
    site = forge.install(wheel)
    assert subprocess.run([site / "bin" / "seven"], check=False).returncode == 7
