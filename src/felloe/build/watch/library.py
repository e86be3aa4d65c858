"""The preload library, compiled once by a compiler of this machine and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.build.cache.manifest import stamp
from felloe.build.watch.log import Log, LostEvents
from felloe.build.watch.trace import parse_trace

_SOURCE = Path(__file__).with_name("watch.c")
_COMPILERS = ("cc", "gcc", "clang")
_OPTIONS = ("-O2", "-fPIC", "-shared", "-std=gnu11", "-fvisibility=hidden", "-fno-builtin")
_LIBRARIES = ("-ldl", "-pthread")
_SEPARATORS = frozenset(": \t\n")


class Unwatchable(Exception):
    """A reason why builds cannot be watched on this machine."""


def find_library(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the library below the cache's ``root``; compile it if it is not there.

    Raise :class:`Unwatchable` if that fails.
    """
    if not sys.platform.startswith("linux") or not hasattr(os, "memfd_create"):
        raise Unwatchable("files can be watched on Linux only")
    if _SEPARATORS & set(str(root)):
        raise Unwatchable(f"LD_PRELOAD cannot name a file below {root}")
    compiler = _find_compiler(environ)
    facts = [compiler, os.path.realpath(compiler), *stamp(compiler), _SOURCE.read_bytes()]
    place = root / "watch" / hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    library = place / "watch.so"
    if not library.exists():
        try:
            _make(library, compiler, environ)
        except OSError as cause:
            raise Unwatchable(f"{library} cannot be written: {cause.strerror}") from cause
    return library


def _find_compiler(environ: Mapping[str, str]) -> str:
    for name in _COMPILERS:
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return found
    raise Unwatchable(f"none of {', '.join(_COMPILERS)} is on PATH")


def _make(library: Path, compiler: str, environ: Mapping[str, str]) -> None:
    """Compile under a temporary name, test the library and rename it."""
    library.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=library.parent, prefix=".new-") as scratch:
        made = Path(scratch, library.name)
        command = [compiler, *_OPTIONS, str(_SOURCE), "-o", str(made), *_LIBRARIES]
        clean = {name: value for name, value in environ.items() if name != "LD_PRELOAD"}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=clean)
        if done.returncode:
            raise Unwatchable(f"{compiler} cannot compile the library that watches files")
        _try(made, environ)
        made.replace(library)


def _try(library: Path, environ: Mapping[str, str]) -> None:
    with closing(Log()) as log:
        watched = {**environ, **log.plan_environ(library, environ)}
        subprocess.run(["/bin/sh", "-c", ":"], check=False, env=watched, capture_output=True)
        try:
            trace = parse_trace(log.read(), "/")
        except LostEvents:
            trace = None
    if trace is None or not trace.steps:
        raise Unwatchable("/bin/sh does not load the library that watches files")
