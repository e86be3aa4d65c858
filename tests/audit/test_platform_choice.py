"""Which platform tags are written, by what is asked and what is proved."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from support.compiled_samples import Need, Specimen, marks_of, module
from support.mach_samples import module as mac_module
from support.truth_case import LINUX, ML2014, Says, m
from support.truth_wheel import make_wheel, verdict_of

from felloe.audit.platform import PlatformRequest
from felloe.errors import FelloeError

_M = m("cpython-311")
_NEW = module("m", needs=(Need("libc.so.6", "GLIBC_2.34", ("f", "g")),))
_OLD = module("m", needs=(Need("libc.so.6", "GLIBC_2.17", ("f",)),))
_EXTERNAL = module("m", needs=(Need("libtruth.so.1"),))
_MUSL = module("m", needs=(Need("libc.musl-x86_64.so.1", "", ("f",)),))
_OLDER_SYSTEM = "build where the C library is older, such as in the image of the policy you want"


@dataclass(frozen=True)
class Choice:
    """A module, the platform asked for, what is written, and what is said about it."""

    id: str
    made: Specimen
    wanted: str
    written: str
    violation: Says | None = None
    machine: str = "x86_64"


_REFUSED = Says(
    f"the wheel is tagged {LINUX}, which PyPI refuses:\n"
    f"  {_M} needs libtruth.so.1: allowed by no policy\n"
    "without these it would be manylinux_2_5_x86_64",
    "link that library statically, or have it copied in",
)

ROWS = (
    Choice("auto", _OLD, "auto", ML2014),
    Choice("auto-without-a-policy", _EXTERNAL, "auto", LINUX, _REFUSED),
    Choice(
        "auto-without-a-policy-on-a-machine-that-pypi-takes-without",
        module("m", needs=(Need("libtruth.so.1"),), target="arm-linux-gnueabihf"),
        "auto",
        "linux_armv7l",
        Says(
            "the wheel is tagged linux_armv7l and fails elsewhere:\n"
            "  m.cpython-311-armv7l-linux-gnu.so needs libtruth.so.1: allowed by no policy\n"
            "without these it would be manylinux_2_17_armv7l",
            "link that library statically",
        ),
        machine="armv7l",
    ),
    Choice("linux", _OLD, "linux", LINUX),
    Choice("linux-without-a-policy", _EXTERNAL, "linux", LINUX),
    Choice("pypi", _OLD, "pypi", ML2014),
    Choice("pypi-without-a-policy", _EXTERNAL, "pypi", LINUX, _REFUSED),
    Choice("the-proved-policy", _OLD, "manylinux_2_17", ML2014),
    Choice("the-proved-policy-by-its-old-name", _OLD, "manylinux2014", ML2014),
    Choice("with-the-machine", _OLD, "manylinux2014_x86_64", ML2014),
    Choice(
        "a-newer-policy",
        _OLD,
        "manylinux_2_28",
        "manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64",
    ),
    Choice(
        "a-newer-policy-by-its-old-name",
        module("m"),
        "manylinux2010",
        "manylinux1_x86_64.manylinux2010_x86_64.manylinux_2_12_x86_64.manylinux_2_5_x86_64",
    ),
    Choice(
        "a-policy-between-those-surveyed",
        _OLD,
        "manylinux_2_30",
        "manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_30_x86_64",
    ),
    Choice(
        "an-older-policy",
        _NEW,
        "manylinux_2_17",
        "manylinux_2_34_x86_64",
        Says(
            "FELLOE_PLATFORM wants manylinux_2_17; the wheel is tagged manylinux_2_34_x86_64:\n"
            f"  {_M} needs GLIBC_2.34 of libc.so.6 (f, g): allowed from manylinux_2_34 on\n"
            "without these it would be manylinux_2_5_x86_64",
            _OLDER_SYSTEM,
        ),
    ),
    Choice(
        "an-older-policy-than-surveyed",
        _NEW,
        "manylinux_2_33",
        "manylinux_2_34_x86_64",
        Says(
            "FELLOE_PLATFORM wants manylinux_2_33; the wheel is tagged manylinux_2_34_x86_64:\n"
            f"  {_M} needs GLIBC_2.34 of libc.so.6 (f, g): allowed from manylinux_2_34 on\n"
            "without these it would be manylinux_2_5_x86_64",
            _OLDER_SYSTEM,
        ),
    ),
    Choice(
        "a-policy-of-the-other-family",
        _OLD,
        "musllinux_1_2",
        ML2014,
        Says(
            f"FELLOE_PLATFORM wants musllinux_1_2; the wheel is tagged {ML2014}: its binaries are "
            "for manylinux systems"
        ),
    ),
    Choice("musl", _MUSL, "auto", "musllinux_1_2_x86_64"),
    Choice(
        "musl-older-than-can-be-proved",
        _MUSL,
        "musllinux_1_1",
        "musllinux_1_2_x86_64",
        Says(
            "FELLOE_PLATFORM wants musllinux_1_1; the wheel is tagged musllinux_1_2_x86_64:\n"
            "  no audited object speaks for it"
        ),
    ),
    Choice(
        "pypi-on-a-machine-it-refuses",
        module("m", target="loongarch64-linux-gnu"),
        "pypi",
        "manylinux_2_36_loongarch64",
        Says(
            "the wheel is tagged manylinux_2_36_loongarch64, which PyPI refuses: it knows no such "
            "tag"
        ),
        machine="loongarch64",
    ),
    Choice(
        "auto-on-a-machine-without-policies",
        module("m", target="sparc64-linux-gnu"),
        "auto",
        "linux_sparc64",
        Says(
            "the wheel is tagged linux_sparc64, which PyPI refuses: no policy knows the machine "
            "sparc64"
        ),
        machine="sparc64",
    ),
)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.id, marks=marks_of(row.made)) for row in ROWS]
)
def test_choice(row, workshop, tmp_path):
    choice = _choose(row.made, row.wanted, row.machine, workshop, tmp_path)
    assert ".".join(choice.platforms) == row.written
    if row.violation is None:
        assert choice.violation is None
    else:
        assert choice.violation is not None
        assert choice.violation.message == row.violation.message
        assert row.violation.hint in choice.violation.hint


def _choose(made, wanted, machine, workshop, place):
    name = _M.replace("x86_64", machine)
    wheel = make_wheel(place, f"cp311-cp311-linux_{machine}", {name: made}, workshop)
    return verdict_of(wheel).platform.choose(PlatformRequest(wanted, "FELLOE_PLATFORM"))


@pytest.mark.parametrize("wanted", ["manylinux_2_28_aarch64", "manylinux2014_i686"])
def test_a_policy_for_another_machine_is_not_reached(wanted, workshop, tmp_path):
    choice = _choose(_OLD, wanted, "x86_64", workshop, tmp_path)
    assert choice.violation is not None
    assert choice.violation.message == (
        f"FELLOE_PLATFORM wants {wanted}; the wheel is tagged {'.'.join(choice.platforms)}: "
        "its binaries are for x86_64"
    )
    assert choice.violation.hint == "name a policy without a machine, such as manylinux_2_28"


def test_two_machines_in_one_tag_are_refused(workshop, tmp_path):
    tag = f"cp311-cp311-linux_aarch64.{LINUX}"
    with pytest.raises(FelloeError) as caught:
        verdict_of(make_wheel(tmp_path, tag, {_M: _OLD}, workshop))
    assert caught.value.message == (
        "a wheel is for one machine, this one is tagged for aarch64, x86_64"
    )


@pytest.mark.parametrize(
    ("running", "written"),
    [(None, "macosx_15_0_arm64"), ((15, 1), "macosx_15_0_arm64"), ((14, 5), "macosx_14_0_arm64")],
)
def test_a_macos_tag_is_not_raised_above_the_running_system(running, written, workshop, tmp_path):
    files = {"m.cpython-313-darwin.so": mac_module("m", minos="15.0")}
    wheel = make_wheel(tmp_path, "cp313-cp313-macosx_14_0_arm64", files, workshop)
    request = PlatformRequest("auto", "platform", running_macos=running)
    choice = verdict_of(wheel).platform.choose(request)
    assert choice.platforms == (written,)
    assert choice.violation is not None
    assert choice.violation.message.startswith(f"the wheel is tagged {written}:\n")
