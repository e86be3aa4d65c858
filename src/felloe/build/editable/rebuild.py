"""Rebuild an editable install when it is imported: lock, build, install, write stamps."""

from __future__ import annotations

import filecmp
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import terminal
from felloe.build.cache.document import read_document
from felloe.build.cache.entry import lock_of
from felloe.build.cache.lock import Lock
from felloe.build.editable.state import EditableState, read_stamps, read_state, write_stamps
from felloe.build.tree.identity import find_changes, take_identities
from felloe.build.tree.key import select_build_variables
from felloe.build.tree.observe import Places
from felloe.build.tree.record import read_identities, read_steps
from felloe.build.tree.repeat import ARGUMENTS, ENVIRON, Blind, Job, list_files, repeat
from felloe.build.tree.tree import has_running_processes, mark, unmark, was_killed
from felloe.build.watch.library import Unwatchable, find_library
from felloe.build.watch.trace import Kind
from felloe.errors import FelloeError

_POLL = 0.02
_PATIENCE = 5
"""Seconds to wait for a lock before a message is printed."""
_LONGEST_WAIT = 60
"""Longest wait for compilers, in seconds. A compiler cache's server may never end."""
_CMAKE = re.compile(r"^CMAKE_COMMAND:INTERNAL=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Request:
    """The request of an import hook."""

    state: Path
    build_dir: Path
    prefix: str
    """Install prefix; empty if nothing is installed."""
    build_options: tuple[str, ...]
    install_options: tuple[str, ...]


@dataclass(frozen=True)
class _BuildDirectory:
    """A build directory that only this process uses."""

    request: Request
    state: EditableState
    cmake: str
    environ: Mapping[str, str]

    def configure(self, environ: Mapping[str, str]) -> None:
        """Run CMake as the engine did. A watched CMake ends at once if nothing has changed."""
        text = (self.state.path / ARGUMENTS).read_bytes()
        words = [os.fsdecode(word) for word in text.split(b"\0")[:-1]]
        watch = {k: v for k, v in environ.items() if self.environ.get(k) != v}
        called = read_document(self.state.path / ENVIRON)
        counting = select_build_variables(self.environ)
        unread = {k: v for k, v in self.environ.items() if k not in counting}
        self._check(words, self._start(words, {**called, **unread, **watch}, None))

    def build(self, environ: Mapping[str, str]) -> None:
        """Run ``cmake --build`` with its output shown. Raise :class:`FelloeError`."""
        request = self.request
        words = [self.cmake, "--build", str(request.build_dir), *request.build_options]
        self._check(words, self._start(words, environ, None))

    def install(self, stage: str) -> None:
        """Install below ``stage``. If that fails, the error contains CMake's output."""
        request = self.request
        words = [self.cmake, "--install", str(request.build_dir), "--prefix", request.prefix]
        words += request.install_options
        environ = {**self.environ, "DESTDIR": stage}
        self._check(words, self._start(words, environ, subprocess.PIPE))

    def _check(self, words: list[str], done: subprocess.CompletedProcess[str]) -> None:
        if done.returncode:
            said = f"{done.stdout}\n" if done.stdout else ""
            raise FelloeError(
                f"{said}cmake {words[1]} failed with exit code {done.returncode}",
                hint=f"to repeat it, run {shlex.join(words)}",
            )

    def _start(
        self, words: list[str], environ: Mapping[str, str], stdout: int | None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            check=False,
            cwd=self.state.project,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout else None,
            encoding="utf-8",
            errors="replace",
        )


def rebuild(request: Request, environ: Mapping[str, str]) -> None:
    """Rebuild an editable install, unless another process just did.

    Raise :class:`FelloeError` with the command that failed.
    """
    state = read_state(request.state)
    if state is None:
        raise FelloeError(
            f"the kept build {request.state} is missing, or another version of felloe made it",
            hint="install the project again: pip install -e <its directory>",
        )
    with _hold(state):
        stamps = read_stamps(state.stamps(request.prefix))
        if stamps is not None and not find_changes(stamps).content:
            _write_stamps(state, request.prefix, stamps)  # some files have new times
            return
        directory = _BuildDirectory(
            request, state, _find_cmake(request, state), _restore(environ, state)
        )
        try:
            watched = _build(directory)
            installed = _install(directory) if request.prefix else []
        except OSError as cause:
            raise FelloeError(
                f"{cause.filename}: {cause.strerror}", hint=_advise(state.project)
            ) from cause
        if watched:
            note_fresh(state, request.prefix, installed)


def note_fresh(state: EditableState, prefix: str, installed: Iterable[str] = ()) -> None:
    """Write stamps of the files that the build has read, made and ``installed``."""
    record, steps = read_identities(state.path), read_steps(state.path)
    if record is None or steps is None:
        return
    keys = {f"f{path}" for path in installed}
    for step in steps.values():
        keys |= {f"f{path}" for path in step.writes}
        keys |= step.reads if step.kind is not Kind.ENGINE else set()
    stamps = {key: record.identities[key] for key in keys if key in record.identities}
    fresh = take_identities(keys - stamps.keys(), lambda _: False)
    write_stamps(state.stamps(prefix), {**stamps, **fresh})


def wait_for_state(path: Path) -> Lock:
    """Wait for the lock of an editable state and take it. Raise :class:`OSError`."""
    began, said = time.monotonic(), False
    while (lock := lock_of(path)) is None:
        if not said and time.monotonic() - began > _PATIENCE:
            terminal.report_progress(f"waiting for another process that builds in {path}")
            said = True
        time.sleep(_POLL)
    return lock


@contextmanager
def _hold(state: EditableState) -> Iterator[None]:
    try:
        lock = wait_for_state(state.path)
    except OSError as cause:
        raise FelloeError(
            f"{cause.filename} cannot be written: {cause.strerror}",
            hint="import the package once as the user who installed it",
        ) from cause
    try:
        yield
    finally:
        lock.release()


def _write_stamps(state: EditableState, prefix: str, stamps: Mapping[str, object]) -> None:
    fresh = take_identities(stamps, lambda path: _has_content(stamps.get(f"f{path}")))
    write_stamps(state.stamps(prefix), fresh)


def _has_content(identity: object) -> bool:
    return isinstance(identity, list) and bool(identity[-1])


def _build(directory: _BuildDirectory) -> bool:
    """Build what has changed. Return False if the build could not be watched."""
    state, request = directory.state, directory.request
    if was_killed(state.path):
        _wait_for_orphans(request.build_dir)
    library = _find_library(directory)
    if library is None:
        directory.build(directory.environ)
        return False
    record = None if was_killed(state.path) else read_identities(state.path)
    changes = find_changes(record.identities if record is not None else {})
    if record is not None and not changes.content:
        return True
    mark(state.path)
    try:
        repeat(_plan_job(directory, library), record, changes)
    except Blind as blind:
        state.note_blind(str(blind))
        directory.build(directory.environ)
        return False
    finally:
        unmark(state.path)
    return True


def _plan_job(directory: _BuildDirectory, library: Path) -> Job:
    state = directory.state

    def run(environ: Mapping[str, str]) -> None:
        directory.configure(environ)
        directory.build(environ)

    root = state.path.parent.parent
    ignored = [root / "watch", state.path / "scratch"]
    if state.address:
        ignored.append(root / "environments" / state.address)
    places = Places(
        build_dir=str(directory.request.build_dir),
        checkout=state.project,
        ignored=tuple(f"{path}/" for path in ignored),
        temporary=directory.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - as programs take it
    )
    return Job(state.path, places, library, directory.environ, run, keeps_request=True)


def _find_library(directory: _BuildDirectory) -> Path | None:
    """Return the watch library; None in a chosen directory and after an unwatched build."""
    state = directory.state
    if directory.request.build_dir != state.build_dir or state.is_blind:
        return None
    if not (state.path / ARGUMENTS).exists():
        return None
    try:
        return find_library(state.path.parent.parent, directory.environ)
    except Unwatchable:
        return None


def _wait_for_orphans(build_dir: Path) -> None:
    """Wait for compilers of a rebuild that was killed, because they still write objects."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while has_running_processes(build_dir) and time.monotonic() < deadline:
        time.sleep(_POLL)


def _install(directory: _BuildDirectory) -> list[str]:
    """Install into a temporary directory, and move each changed file, so that it is complete."""
    installed = []
    with TemporaryDirectory(dir=directory.state.path, prefix=".stage-") as stage:
        directory.install(stage)
        for source in map(Path, list_files(Path(stage))):
            target = Path("/", source.relative_to(stage))
            installed.append(str(target))
            if not _is_same(source, target):
                target.parent.mkdir(parents=True, exist_ok=True)
                part = target.with_name(f".{target.name}.{os.getpid()}")
                shutil.copy2(source, part, follow_symlinks=False)
                part.replace(target)
    return installed


def _find_cmake(request: Request, state: EditableState) -> str:
    """Return the CMake program that configured the build."""
    try:
        text = (request.build_dir / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError as cause:
        words = (state.path / ARGUMENTS) if request.build_dir == state.build_dir else None
        if words is not None and words.exists():  # the last configuration failed
            return os.fsdecode(words.read_bytes().partition(b"\0")[0])
        raise FelloeError(
            f"{request.build_dir} is not configured", hint=_advise(state.project)
        ) from cause
    found = _CMAKE.search(text)
    return found[1] if found else "cmake"


def _restore(environ: Mapping[str, str], state: EditableState) -> dict[str, str]:
    """Return the variables of the first build, and the current ones that no build reads."""
    counting = select_build_variables(environ)
    return {**{k: v for k, v in environ.items() if k not in counting}, **state.environ}


def _advise(project: str) -> str:
    return f"install it again: pip install -e {shlex.quote(project)}"


def _is_same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        both = one.is_symlink() and other.is_symlink()
        return both and one.readlink() == other.readlink()
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
