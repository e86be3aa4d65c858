"""Triples of platform tags, and module names of a Python elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.toolchain_samples import AARCH64, HERE, TRIPLET, write

from felloe.build.toolchain.triple import describe_support, find_triple
from felloe.errors import FelloeError
from felloe.python.foreign import make_target
from felloe.python.header import Headers
from felloe.python.installed import find_headers, find_installed
from felloe.python.platform import parse_platform


@pytest.mark.parametrize(
    ("tag", "triple"),
    [
        ("manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17"),
        ("manylinux2014_x86_64", "x86_64-linux-gnu.2.17"),
        ("manylinux_2_28_aarch64", "aarch64-linux-gnu.2.28"),
        ("manylinux_2_17_armv7l", "arm-linux-gnueabihf.2.17"),
        ("manylinux_2_31_riscv64", "riscv64-linux-gnu.2.31"),
        ("musllinux_1_2_x86_64", "x86_64-linux-musl"),
        ("musllinux_1_2_armv7l", "arm-linux-musleabihf"),
        ("macosx_11_0_arm64", "aarch64-macos.11.0-none"),
        ("macosx_10_13_x86_64", "x86_64-macos.10.13-none"),
        ("win_amd64", "x86_64-windows-gnu"),
    ],
)
def test_a_platform_tag_is_a_triple(tag, triple):
    assert find_triple(parse_platform(tag, "target")).name == triple


@pytest.mark.parametrize(
    ("tag", "near"),
    [
        ("manylinux_2_17_x8664", "manylinux_2_17_x86_64"),
        ("manylinux_2_28_arm64", "manylinux_2_28_aarch64"),
        ("musllinux_1_2_x64", "musllinux_1_2_x86_64"),
        ("macos_11_0_arm64", "macosx_11_0_arm64"),
        ("win_amd46", "win_amd64"),
    ],
)
def test_an_unknown_platform_is_refused_with_a_near_one(tag, near):
    with pytest.raises(FelloeError, match="cannot build for the platform") as raised:
        parse_platform(tag, "FELLOE_TARGET")
    assert raised.value.message.startswith("FELLOE_TARGET: ")
    assert repr(tag) in raised.value.message
    assert raised.value.message.endswith(f"is {near!r}")
    assert raised.value.hint


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("manylinux_2_12_x86_64", "glibc 2.17 to 2.44"),
        ("manylinux_2_17_riscv64", "glibc 2.31 to 2.44"),
        ("manylinux_2_99_x86_64", "glibc 2.17 to 2.44"),
        ("musllinux_1_1_x86_64", "zig builds for musllinux_1_2"),
    ],
)
def test_what_zig_does_not_reach_is_refused(tag, message):
    with pytest.raises(FelloeError, match=message):
        find_triple(parse_platform(tag, "target"))


def test_what_is_not_tested_is_experimental():
    for tag in ("manylinux_2_17_x86_64", "manylinux_2_28_aarch64", "musllinux_1_2_x86_64"):
        assert not describe_support(parse_platform(tag, "target"))
    for tag in ("manylinux_2_17_s390x", "win_amd64", "macosx_11_0_arm64"):
        assert "experimental" in describe_support(parse_platform(tag, "target"))


@pytest.mark.parametrize(
    ("tag", "version", "suffixes"),
    [
        (
            "manylinux_2_17_aarch64",
            (3, 11),
            (".cpython-311-aarch64-linux-gnu.so", ".abi3.so", ".so"),
        ),
        (
            "manylinux_2_17_aarch64",
            (3, 15),
            (".cpython-315-aarch64-linux-gnu.so", ".abi3t.so", ".abi3.so", ".so"),
        ),
        ("musllinux_1_2_x86_64", (3, 10), (".cpython-310-x86_64-linux-gnu.so", ".abi3.so", ".so")),
        ("musllinux_1_2_x86_64", (3, 12), (".cpython-312-x86_64-linux-musl.so", ".abi3.so", ".so")),
        ("manylinux_2_17_i686", (3, 12), (".cpython-312-i386-linux-gnu.so", ".abi3.so", ".so")),
        ("win_amd64", (3, 13), (".cp313-win_amd64.pyd", ".pyd")),
        ("macosx_11_0_arm64", (3, 13), (".cpython-313-darwin.so", ".abi3.so", ".so")),
    ],
)
def test_what_a_python_elsewhere_calls_its_modules(tag, version, suffixes):
    """As in the public wheels for these platforms."""
    running = replace(HERE, version=version)
    target = make_target(running, parse_platform(tag, "target"))
    assert target.extension_suffixes == suffixes
    assert target.soabi in suffixes[0]


def test_free_threaded_pythons_load_no_abi3():
    running = replace(HERE, version=(3, 14), abi_flags="t")
    target = make_target(running, parse_platform("manylinux_2_17_aarch64", "target"))
    assert target.extension_suffixes == (".cpython-314t-aarch64-linux-gnu.so", ".so")


def test_the_running_platform_is_taken_as_it_is():
    assert make_target(HERE, parse_platform("manylinux_2_17_x86_64", "target")) is HERE


def test_nobody_here_knows_what_pypy_calls_its_modules_elsewhere():
    running = replace(HERE, implementation="pypy", soabi="pypy311-pp73-x86_64-linux-gnu")
    with pytest.raises(FelloeError, match="the names of pypy's modules"):
        make_target(running, parse_platform("manylinux_2_17_aarch64", "target"))


def test_build_details_say_what_modules_are_called(tmp_path):
    """PEP 739, whose file the interpreter of a system root brings from 3.14 on."""
    details = {"abi": {"extension_suffix": ".cpython-314-aarch64-linux-gnu.so"}}
    write(tmp_path / "usr/lib/python3.14/build-details.json", json.dumps(details))
    write(tmp_path / "usr/include/python3.14/Python.h", "")
    found = find_installed(tmp_path, (3, 14), TRIPLET)
    assert found is not None
    assert found.soabi == "cpython-314-aarch64-linux-gnu"
    headers = find_headers(tmp_path, (3, 14), TRIPLET)
    assert headers == Headers(tmp_path / "usr/include/python3.14", None)
    target = make_target(replace(HERE, version=(3, 14)), AARCH64, found)
    assert target.extension_suffixes[0] == ".cpython-314-aarch64-linux-gnu.so"


def test_build_variables_say_it_where_there_are_no_details(tmp_path):
    place = tmp_path / "lib/python3.11"
    for triplet in ("aarch64-linux-gnu", "arm-linux-gnueabihf"):
        text = f"build_time_vars = {{'EXT_SUFFIX': '.cpython-311-{triplet}.so'}}"
        write(place / f"_sysconfigdata__{triplet}.py", f'"""Made by CPython."""\n{text}\n')
    found = find_installed(tmp_path, (3, 11), TRIPLET)
    assert found is not None
    assert found.soabi == "cpython-311-aarch64-linux-gnu"
    assert find_headers(tmp_path, (3, 11), TRIPLET) is None


def test_a_root_without_that_python_says_nothing(tmp_path):
    assert find_installed(tmp_path, (3, 11), TRIPLET) is None


@pytest.mark.parametrize("text", ["{}", "[]", "not json"])
def test_details_that_say_nothing_are_refused(tmp_path, text):
    write(tmp_path / "lib/python3.14/build-details.json", text)
    with pytest.raises(FelloeError, match="does not contain the suffix"):
        find_installed(tmp_path, (3, 14), TRIPLET)
