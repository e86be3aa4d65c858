"""Programs in wheels that ``felloe repair`` is given."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.graft_samples import (
    ADD_PROGRAM,
    LINUX,
    MACHINE,
    OLDEST,
    libraries_of,
    module_file,
    platforms_of,
    unpack,
)

M = module_file("m")


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
        (f"{data}/add", forge.program(ADD_PROGRAM, add)),
        (f"{data}/multiply", forge.program(ADD_PROGRAM, own)),
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
    files = [("bits-1.0.data/scripts/add", forge.program(ADD_PROGRAM, add))]
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
    files = [("any-1.0.data/scripts/add", forge.program(ADD_PROGRAM, add))]
    wheel = forge.repaired("any", files, tag="py3-none-any")
    assert wheel.name.startswith("any-1.0-py3-none-manylinux")
    assert b"Root-Is-Purelib: false" in unpack(wheel)["any-1.0.dist-info/WHEEL"]
    assert run(forge.install(wheel) / "bin" / "add", 20, 2) == (3, "22")
