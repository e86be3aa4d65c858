"""Wheels built by this machine's own compiler, on newer systems and other Pythons."""

from __future__ import annotations

import platform
import re

import pytest
from foreign.picture import WIDTH, compute
from foreign.systems import system
from support.graft_samples import Forge
from support.interpreters import need_python

pytestmark = [pytest.mark.foreign, pytest.mark.network]

# The glibc that the wheel asks for is this machine's: its systems have that one or a newer one.
NEWER = ("trixie", "sid-3.13", "sid-3.14", "sid-3.15")


def glibc_of(wheel):
    """What the tag says, (2, 34)."""
    major, minor = re.search(r"manylinux_(\d+)_(\d+)_", wheel.name).groups()
    return int(major), int(minor)


def test_each_system_is_what_it_says():
    """Else the others show nothing."""
    ask = "import os, sys; answer = [os.confstr('CS_GNU_LIBC_VERSION'), list(sys.version_info[:2])]"
    facts = {name: tuple(system(name).ask(ask)) for name in ("bullseye", *NEWER, "arm64", "s390x")}
    assert facts["bullseye"] == ("glibc 2.31", [3, 9])
    assert facts["trixie"] == ("glibc 2.41", [3, 13])
    for name in ("sid-3.13", "sid-3.14", "sid-3.15"):
        assert tuple(map(int, facts[name][0].split()[1].split("."))) >= (2, 43)
        assert facts[name][1] == [3, int(name[-2:])]
    assert facts["arm64"] == facts["s390x"] == ("glibc 2.36", [3, 11])


def test_a_library_from_elsewhere_is_noticed(tmp_path):
    """Else a system that lacks a library would borrow this machine's."""
    stray = Forge(tmp_path).library("libstray.so", "int stray(void) { return 1; }")
    ask = "import ctypes; answer = ctypes.CDLL(arguments[0]).stray()"
    assert system("trixie").ask(ask, stray, path=(tmp_path,)) == 1
    with pytest.raises(AssertionError, match=r"mapped files of this machine: .*libstray"):
        system("trixie").ask(ask, stray)


@pytest.mark.parametrize("name", NEWER)
def test_one_abi3_wheel_computes_on(name, host_wheel, installed, host_picture):
    wheel = host_wheel("newton-abi3", "3.11")
    picture = compute(system(name), "newton_abi3", installed(wheel, system(name)))
    assert picture == host_picture


@pytest.mark.parametrize("name", ["trixie", "sid-3.13"])
def test_a_wheel_for_one_python_computes_on(name, host_wheel, installed, host_picture):
    wheel = host_wheel("newton-basins", "3.13")
    picture = compute(system(name), "newton_basins", installed(wheel, system(name)))
    assert picture == host_picture


@pytest.mark.parametrize("name", ["sid-3.14", "sid-3.15", "sid-pypy", "arm64"])
def test_no_other_python_takes_it(name, host_wheel, tmp_path):
    wheel = host_wheel("newton-basins", "3.13")
    done = system(name).install(wheel, tmp_path, check=False)
    assert done.returncode != 0
    assert "not a supported wheel" in done.stdout


def test_no_older_glibc_takes_it(host_wheel, tmp_path):
    """The tag is what stands between a wheel and a system it cannot run on."""
    wheel = host_wheel("newton-abi3", "3.11")
    if glibc_of(wheel) <= (2, 31):
        pytest.fail(f"{wheel.name}: this machine's compiler makes wheels that old systems run")
    done = system("bullseye").install(wheel, tmp_path, check=False)
    assert done.returncode != 0
    assert "not a supported wheel" in done.stdout


DRAW = """
import pathlib, newton_shared
newton_shared.draw("newton.png", arguments[0], 40, [1, 0, 0, -1])
answer = pathlib.Path("newton.png").read_bytes().hex()
"""


def test_its_libraries_come_along(shared_wheel, installed, tmp_path):
    """Both shared libraries of this machine; none is in the roots, and none is mapped from here."""
    drawn = {}
    for name in ("here", "trixie", "sid-3.13"):
        site = installed(shared_wheel, system(name))
        drawn[name] = system(name).ask(DRAW, WIDTH, path=(site,), cwd=tmp_path)
    assert drawn["here"].startswith(b"\x89PNG\r\n\x1a\n".hex())
    assert drawn["trixie"] == drawn["sid-3.13"] == drawn["here"]


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    """An abi3 module over two libraries, repaired; it needs nothing of a newer glibc."""
    forge = Forge(tmp_path_factory.mktemp("forge"))
    forge.library("libfar.so.2", "int far(void) { return 40; }")
    forge.library(
        "libnear.so.1",
        "int far(void); int near(void) { return far() + 1; }",
        f"-L{forge.lib}",
        "-l:libfar.so.2",
    )
    include = f"-I{_include()}"
    module = forge.module(
        "reach",
        "near() + 1",
        "-DPy_LIMITED_API=0x03090000",
        include,
        f"-L{forge.lib}",
        "-l:libnear.so.1",
    )
    tag = f"cp39-abi3-linux_{platform.machine()}"
    return forge.repaired("reach", [("reach.abi3.so", module)], tag=tag)


def _include():
    from support.process import run

    code = "import sysconfig; print(sysconfig.get_path('include'))"
    return run(need_python("3.11"), "-c", code).stdout.strip()


@pytest.mark.parametrize("name", ["bullseye", *NEWER])
def test_a_repaired_wheel_finds_what_was_copied(name, repaired, installed):
    """manylinux_2_5, on glibc 2.31 as on 2.43."""
    assert "manylinux_2_5_" in repaired.name
    site = installed(repaired, system(name))
    code = "import reach; answer = reach.value()"
    assert system(name).ask(code, path=(site,)) == 42
