"""CMake settings of a toolchain, and what zig's store holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.toolchain_samples import AARCH64, HERE, TRIPLET, ZIG, make_request, plan, write

from felloe.build.toolchain.plan import plan_host, plan_zig
from felloe.build.toolchain.python import plan_environ, render_variables
from felloe.build.toolchain.store import find_stored, make_once, open_zig
from felloe.build.toolchain.triple import find_triple
from felloe.errors import FelloeError
from felloe.python.foreign import make_target
from felloe.python.header import Headers
from felloe.python.platform import parse_platform


def test_the_same_processor_is_no_cross_build():
    """CMake runs what it has built, and Python needs no help to be found."""
    files = plan("manylinux_2_17_x86_64").files
    assert "CMAKE_SYSTEM_NAME" not in files["toolchain.cmake"]
    assert not {"run-target", "python/_sysconfigdata_felloe.py"} & set(files)


@pytest.mark.parametrize("tag", ["manylinux_2_17_aarch64", "musllinux_1_2_x86_64"])
def test_anything_else_is_one(tag):
    files = plan(tag).files
    assert "set(CMAKE_SYSTEM_NAME Linux)" in files["toolchain.cmake"]
    assert "run-target" in files["toolchain.cmake"]
    assert {"run-target", "python/_sysconfigdata_felloe.py"} <= set(files)


def test_a_directory_is_named_after_what_it_holds():
    names = {plan(tag).name for tag in ("manylinux_2_17_x86_64", "manylinux_2_28_x86_64")}
    assert len(names) == 2
    assert plan("manylinux_2_17_x86_64").name in names


def test_debians_headers_are_found_without_its_directories():
    path = "include/aarch64-linux-gnu/python3.11/pyconfig.h"
    assert "/usr/include/x/python3.11" in plan("manylinux_2_17_aarch64").files[path]
    request = make_request("manylinux_2_17_aarch64", Headers(Path("/opt/include/python3.11"), None))
    assert path not in plan_zig(request, ZIG, find_triple(request.platform)).files


def test_compilers_of_ones_own_get_only_the_python():
    assert set(plan_host(make_request("manylinux_2_17_aarch64")).files) == {
        "modules/FindPython.cmake",
        "modules/FindPython3.cmake",
        "project.cmake",
        "python/_sysconfigdata_felloe.py",
        "run-target",
    }
    assert not plan_host(make_request("manylinux_2_17_x86_64")).files


def test_the_running_python_answers_for_the_other(tmp_path):
    """In a process: its sysconfig reads our module, and keeps what is not of the platform."""
    platform = parse_platform("manylinux_2_17_aarch64", "target")
    target = make_target(HERE, platform)
    write(tmp_path / "python/_sysconfigdata_felloe.py", render_variables(target, TRIPLET, ""))
    code = (
        "import sysconfig as s; v = s.get_config_vars();"
        "print(v['SOABI'], v['EXT_SUFFIX'], v['LDLIBRARY'] or None, s.get_platform(),"
        "      v['CC'] != '', s.get_path('include') != '')"
    )
    environ = {**os.environ, **plan_environ(tmp_path, target, {})}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )
    soabi = "cpython-311-aarch64-linux-gnu"
    assert done.stdout.split() == [soabi, f".{soabi}.so", "None", "linux-aarch64", "True", "True"]


def test_a_python_path_is_kept(tmp_path):
    target = make_target(HERE, AARCH64)
    environ = plan_environ(tmp_path, target, {"PYTHONPATH": "/a:/b"})
    assert environ["PYTHONPATH"] == f"{tmp_path}/python:/a:/b"


def test_the_newest_stored_zig_is_taken(tmp_path):
    assert find_stored(tmp_path) is None
    for version in ("0.17.0", "0.17.10", "0.17.9", "0.18.0", "0.17.x"):
        write(tmp_path / "zig" / version / "zig", "")
    assert find_stored(tmp_path) == "0.17.10"
    zig = open_zig(tmp_path, "0.17.10", "x86_64-linux-gnu.2.17")
    assert zig.library.parent == zig.program.parent == tmp_path / "zig" / "0.17.10"


def test_what_cannot_be_made_leaves_nothing(tmp_path):
    def fail(part):
        (part / "file").write_text("x")
        raise FelloeError("no")

    with pytest.raises(FelloeError, match="no"):
        make_once(tmp_path / "zig" / "1", fail)
    assert [path.name for path in (tmp_path / "zig").iterdir()] == [".1.lock"]


def test_a_cache_that_cannot_be_written_is_one_message():
    with pytest.raises(FelloeError, match="cannot be made in felloe's cache") as raised:
        make_once(Path("/proc/nowhere/zig"), lambda _: None)
    assert "`cache-dir`" in raised.value.hint
