"""The text of an audit for people: where a wheel runs, why not elsewhere, what to do."""

from __future__ import annotations

import pytest
from support.compiled_samples import Need, module
from support.truth_case import m
from support.truth_wheel import POLICIES, make_wheel

from felloe.audit.linux.symbol_name import shorten_symbol
from felloe.audit.report.place import describe_places
from felloe.audit.report.text import render_text
from felloe.audit.wheel_file import Auditor

M = m("cpython-311")
_CPP = "_ZSt28__throw_bad_array_new_lengthv"
NEW = module("m", needs=(Need("libc.so.6", "GLIBC_2.34", ("dlsym", _CPP)),))


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("_ZSt17__throw_bad_allocv", "std::__throw_bad_alloc"),
        ("_ZNSt15__exception_ptr13exception_ptr9_M_addrefEv",
         "std::__exception_ptr::exception_ptr::_M_addref"),
        ("_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_createERmm",
         "std::__cxx11::basic_string"),
        ("_ZNKSt9bad_alloc4whatEv", "std::bad_alloc::what"),
        ("_ZN3foo3BarC1Ev", "foo::Bar::Bar"),
        ("_ZN3foo3BarD2Ev", "foo::Bar::~Bar"),
        ("_Z4mainii", "main"),
        ("_ZTVN3foo3BarE", "vtable for foo::Bar"),
        ("_ZNSsC1Ev", "std::string::string"),
        ("memcpy", "memcpy"),
        ("_Z", "_Z"),
        ("_ZN", "_ZN"),
        ("_Z99999999999999999999a", "_Z99999999999999999999a"),
        ("_Znwm", "operator new"),
        ("a" * 99, "a" * 48 + "…"),
    ],
)  # fmt: skip
def test_symbols_are_shortened(symbol, name):
    assert shorten_symbol(symbol) == name


_2_34 = "glibc 2.34 or later on x86_64 (Debian 12, Ubuntu 22.04, RHEL 9)"


@pytest.mark.parametrize(
    ("platforms", "places"),
    [
        (("manylinux_2_34_x86_64",), _2_34),
        (("manylinux_2_34_x86_64", "manylinux_2_40_x86_64"), _2_34),
        (
            ("manylinux2014_aarch64", "manylinux_2_17_aarch64"),
            "glibc 2.17 or later on aarch64 (Debian 8, Ubuntu 16.04, RHEL 7)",
        ),
        (("manylinux_2_99_x86_64",), "glibc 2.99 or later on x86_64"),
        (("musllinux_1_2_x86_64",), "musl 1.2 or later on x86_64 (Alpine 3.16)"),
        (
            ("manylinux_2_34_x86_64", "musllinux_1_2_x86_64"),
            f"{_2_34} and musl 1.2 or later on x86_64 (Alpine 3.16)",
        ),
        (("macosx_11_0_arm64",), "macOS 11 or later on arm64"),
        (("macosx_10_13_universal2",), "macOS 10.13 or later on arm64 and x86_64"),
        (("win_amd64",), "Windows on x86-64"),
        (("any",), "every system"),
        (("linux_x86_64",), "the system it was built on, or one like it (linux_x86_64)"),
        (("android_24_arm64_v8a",), "android_24_arm64_v8a"),
    ],
)
def test_places(platforms, places):
    assert describe_places(platforms) == places


@pytest.fixture
def text(tmp_path, workshop):
    """``text(platform, made, …)`` -> what is printed about a wheel."""

    def render(platform, made, **options):
        path = make_wheel(tmp_path, f"cp311-cp311-{platform}", {M: made}, workshop)
        return render_text(path.name, Auditor(POLICIES).audit_file(path), **options)

    return render


_OLDER = (
    "build where the C library is older, such as in the image of the policy you want "
    "(quay.io/pypa/manylinux_2_28_x86_64), or with an older one: "
    '`toolchain = "zig"` in [tool.felloe] brings them all'
)


def test_a_passed_wheel_says_where_it_runs_and_what_limits_it(text):
    lines = text("manylinux_2_34_x86_64", NEW).splitlines()
    assert lines[:3] == [
        "truth-1.0-cp311-cp311-manylinux_2_34_x86_64.whl",
        f"Passed: runs on {_2_34}",
        f"  limited by GLIBC_2.34 of libc.so.6 (std::__throw_bad_array_new_length, dlsym) in {M}",
    ]
    assert lines[3:] == [
        f"  for older systems: {_OLDER}",
    ]


def test_a_failed_wheel_says_why_and_what_it_is(text):
    _, verdict, first, *_ = text("manylinux_2_17_x86_64", NEW).splitlines()
    assert verdict == (
        f"Failed: 1 problem. Its files prove cp311-cp311-manylinux_2_34_x86_64: {_2_34}"
    )
    assert first == "  error: the tag manylinux_2_17_x86_64 is not proved:"


def test_old_policies_are_no_limit(text):
    old = module("m", needs=(Need("libc.so.6", "GLIBC_2.17", ("f",)),))
    assert len(text("manylinux_2_17_x86_64", old).splitlines()) == 2


def test_all_is_shown_on_request(text):
    shown = text("manylinux_2_34_x86_64", NEW, verbose=True)
    assert "  claimed  cp311-cp311-manylinux_2_34_x86_64\n" in shown
    assert "  manylinux_2_31 is ruled out by:\n    GLIBC_2.34 of libc.so.6" in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_the_terminal(text, width):
    shown = text("manylinux_2_17_x86_64", NEW, width=width)
    assert all(len(line) <= width for line in shown.splitlines())
    assert " ".join(shown.split()) == " ".join(text("manylinux_2_17_x86_64", NEW).split())


@pytest.mark.parametrize(
    ("generator", "named"),
    [("felloe 0.1", True), ("scikit-build-core 1.1", True), ("setuptools (80)", False)],
)
def test_hints_name_settings_of_the_backend_that_built_the_wheel(
    tmp_path, workshop, generator, named
):
    files = {
        M: NEW,
        "p.abi3.so": module("p"),
        "truth-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: {generator}\n",
    }
    path = make_wheel(tmp_path, "cp313-cp313-manylinux_2_17_x86_64", files, workshop)
    shown = render_text(path.name, Auditor(POLICIES).audit_file(path), verbose=True)
    assert ("[tool.felloe]" in shown) is named
    path = make_wheel(tmp_path, "cp39-abi3-any", files, workshop)
    shown = render_text(path.name, Auditor(POLICIES).audit_file(path), verbose=True)
    assert ("[tool.scikit-build]" in shown) is named
