"""CPythons that no distribution has, built from Debian's source of 3.13."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from foreign.debian import require, source
from support.process import run
from support.stored import directory, make_once

_SUITE, _PACKAGE = "trixie", "python3.13"
_COMMON = ("-q", "--disable-test-modules", "--with-ensurepip=no")

# What configure cannot find out about a system that it cannot run. musl has no symbol versions:
# preadv2 and pwritev2 link with zig's musl, and Debian 12's, which is older, does not have them.
_MUSL_ANSWERS = (
    "ac_cv_func_preadv2=no",
    "ac_cv_func_pwritev2=no",
    "ac_cv_file__dev_ptmx=yes",
    "ac_cv_file__dev_ptc=no",
    "ac_cv_buggy_getaddrinfo=no",
)


def free_threaded() -> Path:
    """The prefix of a CPython 3.13t for this machine; about 210 CPU seconds."""
    require("gcc", "make", package="build-essential")
    code = source(_SUITE, _PACKAGE)

    def make(part, place):
        _build(code, part, place, "--disable-gil")

    return make_once("free-threaded", (_SUITE, _COMMON), make)


def musl_python(machine, build_python) -> Path:
    """The prefix of a CPython 3.13 for musl, made with zig; about 160 CPU seconds.

    ``build_python`` runs here and is of the same version, to the last digit.
    """
    require("make", package="make")
    code, zlib = source(_SUITE, _PACKAGE), source(_SUITE, "zlib")
    recipe = (_SUITE, _COMMON, _MUSL_ANSWERS, zig_version())

    def make(part, place):
        triple = f"{machine}-linux-musl"
        compiler = f"{shlex.quote(str(_zig()))} cc -target {triple} -dynamic -Wno-error=date-time"
        made = part / "zlib"
        shutil.copytree(zlib, made)
        words = {"CC": compiler, "AR": f"{_zig()} ar", "RANLIB": f"{_zig()} ranlib"}
        environ = {**_environ(), **words, "CFLAGS": "-O2 -fPIC"}
        run("./configure", "--static", cwd=made, env=environ)
        run("make", "libz.a", cwd=made, env=environ)
        options = (
            f"--host={triple}",
            f"--build={os.uname().machine}-linux-gnu",
            f"--with-build-python={build_python}",
            *(f"{key}={value}" for key, value in words.items()),
            # Without the definition configure does not learn the triplet, and no suffix has it.
            f"CPP={compiler} -E -D__DEFINED_va_list",
            f"CPPFLAGS=-I{made}",
            f"LDFLAGS=-L{made}",
            "PKG_CONFIG=/bin/false",
            *_MUSL_ANSWERS,
        )
        _build(code, part, place, *options)
        shutil.rmtree(made)

    return make_once(f"musl-python-{machine}", recipe, make)


def _build(code, part, place, *options):
    """Configure for ``place``, install into ``part``; leave nothing else there."""
    tree = part / "build"
    tree.mkdir()
    environ = _environ()
    run(code / "configure", *_COMMON, f"--prefix={place}", *options, cwd=tree, env=environ)
    jobs = len(os.sched_getaffinity(0))
    run("nice", "make", "-s", f"-j{jobs}", cwd=tree, env=environ)
    staged = part / "staged"
    run("make", "-s", "install", f"DESTDIR={staged}", cwd=tree, env=environ)
    for item in (staged / place.relative_to("/")).iterdir():
        item.rename(part / item.name)
    shutil.rmtree(tree)
    shutil.rmtree(staged)


def _environ():
    """What the compilers and the build may see of this environment."""
    steering = ("CFLAGS", "CPPFLAGS", "LDFLAGS", "PYTHON", "MAKEFLAGS", "MFLAGS", "CC", "CXX")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(steering)}
    caches = {f"ZIG_{kind}_CACHE_DIR": str(directory() / "zig") for kind in ("GLOBAL", "LOCAL")}
    return {**kept, **caches}


def _zig() -> Path:
    import ziglang

    return Path(ziglang.__file__).parent / "zig"


def zig_version() -> str:
    """``0.17.0``."""
    return run(sys.executable, "-m", "ziglang", "version").stdout.strip()
