"""The systems there are: unpacked from Debian, or built from Debian's sources."""

from __future__ import annotations

import functools
import os
import platform
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from foreign.build_python import free_threaded, musl_python
from foreign.debian import require, unpacked
from foreign.own_loader import set_loader
from foreign.system import System
from support.interpreters import need_python
from support.stored import make_once

_SID = ("python3.13-dev", "python3.14-dev", "python3.15-dev", "pypy3-dev", "libstdc++6")


def _use_own_loader(part, place):
    """Make the interpreters start with the root's loader and C library, wherever they are run."""
    programs = {path.resolve() for path in (part / "usr" / "bin").glob("py*3.*")}
    for program in sorted(programs):
        if program.read_bytes()[:4] == b"\x7fELF":
            set_loader(program, place / "lib64" / "ld-linux-x86-64.so.2", _libraries(place))


def _native(name, suite, packages, python, **facts):
    root = unpacked(suite, "amd64", packages, _use_own_loader)
    python = str(root / "usr" / "bin" / python)
    return System(name, (python,), (root,), _libraries(root), **facts)


def _libraries(root):
    return tuple(root / folder / "x86_64-linux-gnu" for folder in ("usr/lib", "lib"))


def _emulated(name, debian_name, machine, packages=("python3", "libstdc++6"), **facts):
    """No binfmt, no chroot: qemu is named, and told where the root is."""
    root = unpacked("bookworm", debian_name, packages)
    launcher = (*_qemu(machine, root), str(root / "usr" / "bin" / "python3.11"))
    return System(name, launcher, (root,), **facts)


def _qemu(machine, root):
    qemu = f"qemu-{machine}-static"
    require(qemu, package="qemu-user-static")
    return (qemu, "-L", str(root))


def _musl(name, suite, machine, debian_name, **facts):
    """CPython 3.13 on a suite's musl."""
    build_python = system("trixie").launcher[0]
    built = musl_python(machine, build_python)
    native = machine == platform.machine()
    root = unpacked(suite, debian_name, ("musl",), None if native else _answer_for_loader)
    loader = root / ("lib" if native else "bin") / f"ld-musl-{machine}.so.1"

    def make(part, _place):
        (part / "bin").mkdir()
        shutil.copy(built / "bin" / "python3.13", part / "bin")
        set_loader(part / "bin" / "python3.13", loader)
        (part / "lib").symlink_to(built / "lib")

    prefix = make_once(name, (built.name, root.name), make)
    python = str(prefix / "bin" / "python3.13")
    launcher = (python,) if native else (*_qemu(machine, root), python)
    return System(name, launcher, (root, prefix, built), **facts)


def _answer_for_loader(part, place):
    """Let the loader that an interpreter names be a program that this machine can run.

    To learn musl's version, pip runs it (PEP 656). qemu looks for it below the root first, where
    the same path is the loader itself; this machine finds a script.
    """
    (loader,) = (part / "lib").glob("ld-musl-*.so.1")
    machine = loader.name[len("ld-musl-") : -len(".so.1")]
    script = part / "bin" / loader.name
    script.parent.mkdir(exist_ok=True)
    inside = place / "lib" / loader.name
    script.write_text(f'#!/bin/sh\nexec {shlex.join(_qemu(machine, place))} {inside} "$@"\n')
    script.chmod(0o755)
    mirrored = Path(f"{part}{place}") / "bin" / loader.name
    mirrored.parent.mkdir(parents=True)
    mirrored.symlink_to(os.path.relpath(loader.resolve(), mirrored.parent))


_MAKERS = {
    "here": lambda: System("here", (str(need_python("3.13")),), (Path("/"),)),
    "bullseye": lambda: _native(
        "bullseye", "bullseye", ("python3", "python3-pip", "libstdc++6"), "python3.9", own_pip=True
    ),
    "trixie": lambda: _native("trixie", "trixie", ("python3", "libstdc++6"), "python3.13"),
    "sid-3.13": lambda: _native("sid-3.13", "sid", _SID, "python3.13"),
    "sid-3.14": lambda: _native("sid-3.14", "sid", _SID, "python3.14"),
    "sid-3.15": lambda: _native("sid-3.15", "sid", _SID, "python3.15"),
    "sid-pypy": lambda: _native("sid-pypy", "sid", _SID, "pypy3.11", has_numpy=False),
    "arm64": lambda: _emulated("arm64", "arm64", "aarch64"),
    "s390x": lambda: _emulated("s390x", "s390x", "s390x", has_numpy=False),
    # numpy's wheels hold packed relocations, which musl applies from 1.2.4 on: it crashes on 1.2.3.
    "musl-1.2.3": lambda: _musl("musl-1.2.3", "bookworm", "x86_64", "amd64", has_numpy=False),
    "musl-x86_64": lambda: _musl("musl-x86_64", "trixie", "x86_64", "amd64"),
    "musl-aarch64": lambda: _musl("musl-aarch64", "trixie", "aarch64", "arm64"),
    "free-threaded": lambda: System(
        "free-threaded",
        (str(free_threaded() / "bin" / "python3.13t"),),
        (free_threaded(), Path("/usr/lib"), Path("/lib"), Path("/lib64")),
    ),
}

NAMES = tuple(_MAKERS)
COMPILED = ("musl-1.2.3", "musl-x86_64", "musl-aarch64", "free-threaded")
"""Those that take minutes to make."""


@functools.cache
def system(name) -> System:
    """The system of a name, made if it is not there yet."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.fail("the foreign systems are run on Linux on x86_64 only")
    return _MAKERS[name]()
