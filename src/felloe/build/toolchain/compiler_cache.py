"""Compiler caches: find one, and plan variables that make it ignore build paths.

CMake takes a launcher from the environment (``CMAKE_<LANG>_COMPILER_LAUNCHER``,
CMake 3.17), where a project's own choice wins over it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_KNOWN = ("sccache", "ccache")
_LANGUAGES = ("C", "CXX", "CUDA", "OBJC", "OBJCXX")
_SERVER = ("SCCACHE_SERVER_UDS", "SCCACHE_SERVER_PORT", "SCCACHE_BASEDIRS")
_HAS_SOCKETS = hasattr(socket, "AF_UNIX")
"""False on Windows, where sccache's server listens on one port for all builds."""
_LONGEST_SOCKET = 100
"""Longest path of a socket that every Unix accepts, in bytes."""


@dataclass(frozen=True)
class Launcher:
    """A program that compilers are run through."""

    kind: str
    """``sccache``, ``ccache``, or the name of another."""
    program: str


class Counts(NamedTuple):
    """Hits and misses of a compiler cache."""

    hits: int
    misses: int

    def __sub__(self, before: Counts) -> Counts:
        return Counts(self.hits - before.hits, self.misses - before.misses)


def find_launcher(wanted: str, environ: Mapping[str, str]) -> Launcher | None:
    """Return the launcher for the setting ``compiler-launcher``; None for none.

    Raise :class:`LookupError` if the program is missing.
    """
    if wanted == "none":
        return None
    path = environ.get("PATH")
    if wanted != "auto":
        program = shutil.which(wanted, path=path)
        if program is None:
            raise LookupError(wanted)
        return Launcher(Path(program).stem, os.path.abspath(program))
    if any(environ.get(f"CMAKE_{language}_COMPILER_LAUNCHER") for language in _LANGUAGES):
        return None
    found = ((kind, shutil.which(kind, path=path)) for kind in _KNOWN)
    return next(
        (Launcher(kind, os.path.abspath(program)) for kind, program in found if program), None
    )


def plan_environ(
    launcher: Launcher, bases: Iterable[Path], directory: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of a build through ``launcher``. The user's own ones stay.

    The cache ignores the paths of the ``bases`` (the project and felloe's cache),
    because they differ between checkouts, users and machines. sccache reads the
    bases when its server starts, so each set of bases has its own server, with a
    socket in ``directory``.
    """
    planned = {f"CMAKE_{language}_COMPILER_LAUNCHER": launcher.program for language in _LANGUAGES}
    places = [str(base) for base in bases]
    if launcher.kind == "ccache":
        planned |= {"CCACHE_BASEDIR": places[0], "CCACHE_NOHASHDIR": "1"}
        planned["CCACHE_STATSLOG"] = str(directory / f"ccache-{os.getpid()}.log")
    elif launcher.kind == "sccache" and _HAS_SOCKETS and not any(map(environ.get, _SERVER)):
        joined = os.pathsep.join(places)
        name = hashlib.sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        address = str(directory / f"{name}.sock")
        if len(os.fsencode(address)) <= _LONGEST_SOCKET:
            planned |= {"SCCACHE_BASEDIRS": joined, "SCCACHE_SERVER_UDS": address}
    return {key: value for key, value in planned.items() if not environ.get(key)}


def start_server(launcher: Launcher, environ: Mapping[str, str], directory: Path) -> None:
    """Start sccache's server, outside of the build tree, unless it is running.

    A failure is not an error here: the compilers report it.
    """
    address = environ.get("SCCACHE_SERVER_UDS")
    if launcher.kind != "sccache" or not address or not _HAS_SOCKETS or _accepts(address):
        return
    command = [launcher.program, "--start-server"]
    quiet = subprocess.DEVNULL
    subprocess.run(command, cwd=directory, env=environ, check=False, stdout=quiet, stderr=quiet)


def _accepts(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(address)
        except OSError:
            return False
    return True


def read_counts(launcher: Launcher, environ: Mapping[str, str]) -> Counts | None:
    """Return the counts of sccache's server or of a build through ccache; None if unknown."""
    try:
        if launcher.kind == "sccache":
            return _read_sccache(launcher, environ)
        if launcher.kind == "ccache":
            return _read_ccache(Path(environ["CCACHE_STATSLOG"]))
    except (OSError, ValueError, KeyError):
        pass
    return None


def _read_sccache(launcher: Launcher, environ: Mapping[str, str]) -> Counts:
    command = [launcher.program, "--show-stats", "--stats-format=json"]
    top = os.path.abspath(os.sep)
    done = subprocess.run(command, env=environ, check=False, capture_output=True, cwd=top)
    stats = json.loads(done.stdout)["stats"]
    hits, misses = (sum(stats[name]["counts"].values()) for name in ("cache_hits", "cache_misses"))
    return Counts(hits, misses)


def _read_ccache(log: Path) -> Counts:
    """Count the outcomes in a statistics log of ccache (``CCACHE_STATSLOG``)."""
    if not log.exists():
        return Counts(0, 0)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    hits = sum(line in ("direct_cache_hit", "preprocessed_cache_hit") for line in lines)
    return Counts(hits, lines.count("cache_miss"))
