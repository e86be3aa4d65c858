"""Files in every install scheme are repaired by their installed place."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.graft_samples import (
    LINUX,
    Forge,
    dynamic_of,
    libraries_of,
    module_file,
    platforms_of,
    unpack,
)

M = module_file("m")
INFO = "schemes-1.0.dist-info"
DATA = "schemes-1.0.data"
MAIN = "int seven(void); int main(void) { return seven() - 7; }"


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


@pytest.fixture
def install(forge, make_venv):
    """An environment with wheels in it; the build machine's libraries are gone then."""

    def call(*wheels):
        python = make_venv(forge.place / "venv", sys.executable, *wheels)
        forge.lib.rename(forge.place / "lib-is-gone")
        return python.parent

    return call


def waived_in(wheel):
    return json.loads(unpack(wheel)[f"{INFO}/felloe.json"])["waived"]


def test_libraries_and_programs_in_the_data_scheme(forge, install, tmp_path):
    """A module and a command need a library in <env>/lib, which needs one of the build machine."""
    deep = forge.library("libdeep.so.1", "int deep(void) { return 7; }")
    own = forge.library(
        "libown.so.1", "int deep(void); int seven(void) { return deep(); }", deep, at=tmp_path
    )
    flags = (own, f"-Wl,-rpath-link,{forge.lib}")
    program = forge.program(MAIN, *flags, "-Wl,-rpath,$ORIGIN/../lib")
    module = forge.module("m", "seven()", *flags, rpath="$ORIGIN/../../..")
    files = [
        (f"pkg/{M}", module),
        (f"{DATA}/data/lib/libown.so.1", own.read_bytes()),
        (f"{DATA}/scripts/one", program),
        (f"{DATA}/data/bin/two", program),
    ]
    wheel = forge.repaired("schemes", files)
    names = set(unpack(wheel))
    assert {f"{DATA}/scripts/one", f"{DATA}/data/bin/two"} <= names
    (copy,) = (name for name in names if "libdeep-" in name)
    assert copy.startswith(f"{DATA}/data/lib/schemes.libs/")
    found = dynamic_of(wheel, f"{DATA}/data/lib/libown", tmp_path)
    assert found.rpath + found.runpath == "$ORIGIN/schemes.libs"
    bin_directory = install(wheel)
    for command in ("one", "two"):
        assert subprocess.run([bin_directory / command], check=False).returncode == 0
    code = "import pkg.m; print(pkg.m.value())"
    done = subprocess.run(
        [bin_directory / "python", "-c", code], check=False, capture_output=True, text=True
    )
    assert done.stdout == "7\n", done.stderr
    again = forge.repair(wheel, to="again").wheel
    assert unpack(again) == unpack(wheel)


def test_commands_of_one_name_and_with_quotes(forge):
    library = forge.library("libvalue.so", "int seven(void) { return 7; }")
    program = forge.program(MAIN, library)
    commands = ("a/run", "b/run", 'say "hi"', "it's")
    files = [(f"{DATA}/scripts/{name}", program) for name in commands]
    wheel = forge.repaired("schemes", files, tag=f"py3-none-{LINUX}")
    site = forge.install(wheel)
    for name in commands[2:]:
        script = site / "bin" / name
        done = subprocess.run([sys.executable, script], check=False, capture_output=True)
        assert done.returncode == 0, done.stderr
        (site / "schemes.scripts" / name).unlink()
        done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True)
        assert f"{name} is installed without its program" in done.stderr
    assert {f"schemes.scripts/{name}" for name in commands} <= set(unpack(wheel))


@pytest.mark.parametrize("path", ["scripts/tool", "data/bin/tool", "data/lib/libx.so", "pkg"])
@pytest.mark.parametrize("name", ["libcuda.so.1", "libfake.so.2"])
def test_waivers_count_for_every_file_and_are_recorded(name, path, forge):
    library = forge.library(name, "int seven(void) { return 7; }")
    made = forge.program(MAIN, library)
    if path.endswith(".so"):
        code = "int seven(void); int x(void) { return seven(); }"
        made = forge.library("libx.so", code, library)
        made = made.read_bytes()
    member = f"{DATA}/{path}" if path != "pkg" else "schemes/bin/tool"
    given = forge.pack("schemes", [(member, made)], tag=f"py3-none-{LINUX}")
    done = forge.repair(given, "--exclude=libfake*")
    assert done.exit_code == 0, done.errors
    assert "manylinux" in platforms_of(done.wheel)
    reason = "driver" if "cuda" in name else "exclude"
    assert waived_in(done.wheel) == [{"library": name, "reason": reason, "distribution": None}]
    # The record is obeyed: no flag, and no library on the machine, is needed any more.
    forge.lib.rename(forge.place / "gone")
    again = forge.repair(done.wheel, to="again")
    assert again.exit_code == 0, again.errors
    assert unpack(again.wheel) == unpack(done.wheel)
    audited = [sys.executable, "-m", "felloe", "audit", done.wheel]
    assert subprocess.run(audited, check=False, capture_output=True).returncode == 0


def test_a_name_that_is_no_longer_needed_leaves_the_record(forge):
    library = forge.library("libfake.so.2", "int fake(void) { return 7; }")
    module = forge.module("m", "fake()", library)
    first = forge.repaired("schemes", [(M, module)], "--exclude=libfake*")
    assert libraries_of(first) == []
    second = forge.repair(first, "--include=libfake.so.2", to="second").wheel
    assert libraries_of(second) == ["libfake.so.2"]
    assert f"{INFO}/felloe.json" not in unpack(second)


def test_a_program_is_not_copied_as_a_library(forge):
    """glibc refuses to load it. A link of a library's name leads to it."""
    real = forge.library("libreal.so.1", "int seven(void) { return 7; }")
    module = forge.module("m", "seven()", real)
    real.unlink()
    made = forge.compile(real, "int seven(void) { return 7; } int main(void) { return 0; }", "-pie")
    assert made == real
    done = forge.repair(forge.pack("schemes", [(M, module)]))
    assert done.exit_code == 1
    assert "libreal.so.1, which m" in done.errors


@pytest.mark.parametrize(
    ("second", "said"),
    [("0", "are 2 copies of one library"), ("1", "differ, but have the same SONAME libtwin.so.1")],
)
def test_two_files_with_one_soname_are_noted(second, said, forge):
    texts = [forge.library("libtwin.so.1", f"int twin = {n};").read_bytes() for n in ("0", second)]
    files = [(M, forge.module("m", "1"))]
    files += [("pkg/libtwin.so.1", texts[0]), ("pkg/libtwin.so", texts[1])]
    done = forge.repair(forge.pack("schemes", files))
    assert done.exit_code == 0
    assert f"pkg/libtwin.so and pkg/libtwin.so.1 {said}" in done.errors


def test_search_directories_may_be_relative_or_in_the_home(forge, monkeypatch, tmp_path):
    library = forge.library("libfar.so.1", "int far(void) { return 7; }", at=tmp_path / "home/far")
    given = forge.pack("schemes", [(M, forge.module("m", "far()", library))])
    monkeypatch.chdir(tmp_path)
    home = {"HOME": str(tmp_path / "home")}
    for place, to in (("~/far", "one"), ("home/far", "two")):
        done = forge.repair(given, f"--search={place}", env=home, to=to)
        assert done.exit_code == 0, done.errors
    done = forge.repair(given, "--search=nowhere", to="three")
    assert "`libraries.search` names nowhere, which is not a directory" in done.errors
