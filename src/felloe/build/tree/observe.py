"""Turn the trace of a build into its steps and the identities of their files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from felloe.build.tree.identity import UNKNOWN, Identity, changed_since, take_identities
from felloe.build.tree.record import Step
from felloe.build.watch.trace import Kind, Observed, Trace

_SYSTEM = ("/proc/", "/sys/", "/dev/")
"""Directories whose files the kernel makes when they are read."""
_MOUNTS = "/etc/mtab"
"""A link to a file of /proc."""
_CACHED = "__pycache__"
"""Directory that Python writes at imports, and checks against the sources each time."""
_SCRATCH = re.compile(r"/CMakeFiles/(CMakeScratch|CMakeTmp)/|/felloe-\w{8}/request\.json$")
"""Files of CMake's tests and of a hook's call, which have new names each time."""
_TIMES = re.compile(rb"IS_NEWER_THAN|(?<!\w)(?i:file)\s*\(\s*(TIMESTAMP\b|SIZE\b|\$)")
"""Words of CMake that ask for times and sizes of files."""
_TICK = 10**7
"""Resolution of the clock with which older kernels stamp files, in nanoseconds."""
_NINJA_LOGS = frozenset((".ninja_log", ".ninja_deps"))


@dataclass(frozen=True)
class Places:
    """Directories of a build."""

    build_dir: str
    checkout: str
    """The repository that the project lies in."""
    ignored: tuple[str, ...]
    """Directories that are content-addressed or belong only to this build."""
    temporary: str
    """The directory of temporary files, which may not exist for the next build."""

    def is_inside(self, path: str) -> bool:
        """Return whether a path belongs to the build tree."""
        return path.startswith(f"{self.build_dir}/")


def observe(trace: Trace, places: Places) -> tuple[dict[str, Step], dict[str, Identity]]:
    """Return the steps of a trace, and the identities of their files now."""
    paths = _Paths(places)
    observed = {name: paths.clean(step) for name, step in trace.steps.items()}
    written = {path for step in observed.values() for path in step.writes}
    filled = {os.path.dirname(path) for path in written}
    filled |= {os.path.dirname(path) for step in observed.values() for path in step.makes}
    gone = {path for path in written if not os.path.lexists(path)}
    configured = _written_by(observed.values(), Kind.EDGE) - _written_by(
        observed.values(), Kind.CONFIGURE
    )
    steps = {}
    for name, step in observed.items():
        own = step.writes if step.kind is not Kind.CONFIGURE else step.writes | configured
        glanced = _find_glanced(step)
        reads = {
            f"e{path}" if path in glanced and not places.is_inside(path) else f"f{path}"
            for path in step.reads - (own - step.rewritten) - gone
        }
        reads |= {f"l{path}" for path in step.links - own - gone}
        reads |= {f"d{path}" for path in step.lists}
        made = frozenset(step.writes - gone)
        looks = {f"f{path}" for path in step.reads - step.writes if places.is_inside(path)}
        looks |= {f"d{path}" for path in step.lists if places.is_inside(path)}
        is_cmake = step.kind is Kind.CONFIGURE
        inner = frozenset(looks if is_cmake else ())
        steps[name] = Step(step.kind, step.command, frozenset(reads), made, inner)
    keys = {key for step in steps.values() for key in step.reads}
    keys |= {f"f{path}" for step in steps.values() for path in step.writes}
    engines = _written_by(observed.values(), Kind.ENGINE)
    identities = take_identities(keys, lambda path: path in engines or not places.is_inside(path))
    doubt = _Doubt(places, written, filled)
    for name, step in observed.items():
        for key in steps[name].reads:
            if doubt.has(key, step, identities[key]):
                identities[key] = UNKNOWN
    return steps, identities


def _find_glanced(step: Observed) -> set[str]:
    """Return the paths of which a configuration only asks whether they exist.

    CMake looks at each source file, and reads none. A project that asks for times or
    sizes of files says so in one of the files that CMake reads.
    """
    if step.kind is not Kind.CONFIGURE or any(map(_asks_for_times, step.contents)):
        return set()
    return step.reads - step.inspected


def _asks_for_times(path: str) -> bool:
    if not path.endswith((".cmake", "CMakeLists.txt")):
        return False
    try:
        with open(path, "rb") as file:
            return _TIMES.search(file.read()) is not None
    except OSError:
        return True


def _written_by(steps: Iterable[Observed], kind: Kind) -> set[str]:
    return {path for step in steps if step.kind is kind for path in step.writes}


@dataclass(frozen=True)
class _Doubt:
    """Detect files that may have changed since a step read them."""

    places: Places
    written: Collection[str]
    """Files that the build has written or removed."""
    filled: Collection[str]
    """Directories of these files."""

    def has(self, key: str, step: Observed, identity: Identity) -> bool:
        """Return whether a file may have changed since a step read it."""
        path = key[1:]
        if self.places.is_inside(path):
            is_ordered = step.kind in {Kind.EDGE, Kind.BUILD} and key[0] == "f"
            return is_ordered and path in self.written and changed_since(key, step.began)
        if path in step.rewritten:
            return True
        if path in (self.filled if key[0] == "d" else self.written):
            return False
        if identity is None or key[0] == "e":
            return identity is None and key[0] in "fe" and path in step.found
        if isinstance(identity, list):
            is_late = int(identity[2]) >= step.began - _TICK
            return is_late and not _is_linked(path, step.began)
        return changed_since(key, step.began - _TICK)


def _is_linked(path: str, when: int) -> bool:
    """Return whether a file has only got another hard link since ``when``.

    Installers link files of their cache into each environment, which changes the
    ctime. Such a file is not edited in place, because that would change the cache.
    """
    status = os.stat(path)
    return status.st_nlink > 1 and status.st_mtime_ns < when


class _Paths:
    """Normalize paths, so that each file of the build tree has a single one."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._inner = f"{os.path.realpath(places.build_dir)}/"
        self._real: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def clean(self, step: Observed) -> Observed:
        """Return a step without the paths that are ignored."""
        chosen: Mapping[str, set[str]] = {
            name: {kept for path in getattr(step, name) if (kept := self._keep(path))}
            for name in (
                *("reads", "contents", "inspected", "found", "rewritten"),
                *("links", "lists", "writes", "makes"),
            )
        }
        # A step that edits a file of the tree owns it.
        outside = {p for p in chosen["rewritten"] if not self._places.is_inside(p)}
        return Observed(step.kind, step.command, step.began, **{**chosen, "rewritten": outside})

    def _keep(self, path: str) -> str:
        """Return the normal path; empty if it is ignored."""
        if path not in self._known:
            self._known[path] = self._resolve(path)
        return self._known[path]

    def _resolve(self, path: str) -> str:
        if (
            path.startswith(_SYSTEM)
            or path in {_MOUNTS, self._places.temporary}
            or _CACHED in path
            or _SCRATCH.search(path)
        ):
            return ""
        while path.endswith(("/", "/.")) and len(path) > 1:
            path = path.rstrip("/").removesuffix("/.")
        directory, _, name = path.rpartition("/")
        if name in _NINJA_LOGS:
            return ""
        if name == "..":
            directory, name = path, ""
        real = self._real.get(directory)
        if real is None:
            real = self._real[directory] = os.path.realpath(directory or "/")
        whole = f"{real}/{name}".rstrip("/")
        if f"{whole}/".startswith(self._inner):
            path = self._places.build_dir + whole[len(self._inner) - 1 :]
        if f"{path}/".startswith(self._places.ignored) or f"{whole}/".startswith(
            self._places.ignored
        ):
            return ""
        return path or "/"
