"""The story of an import that rebuilds: lock, build, install, note what it was made from."""

from __future__ import annotations

import filecmp
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import terminal
from felloe.build.cache.entry import lock_of
from felloe.build.cache.lock import Lock
from felloe.build.editable.state import (
    BUILD,
    CONFIGURE,
    MADE,
    Room,
    Stamps,
    observe,
    read_room,
    read_stamps,
    write_stamps,
)
from felloe.build.tree.key import select_variables
from felloe.build.tree.ninja import read_inputs
from felloe.build.tree.state import find_quiet
from felloe.build.tree.tree import Tree, finish, has_inhabitants, mark, misleads_ninja, unmark
from felloe.errors import FelloeError

_POLL = 0.02
_PATIENCE = 5
"""Seconds to wait for a lock without a word."""
_LONGEST_WAIT = 60
"""Seconds. The server of a compiler cache may have been started in the tree, and stay."""
_CMAKE = re.compile(r"^CMAKE_COMMAND:INTERNAL=(.+)$", re.MULTILINE)
_IDLE = "no work to do"
_NEVER_FRESH = {os.devnull: (MADE, (-2, 0))}
"""No file has this size, so there is always something changed."""


@dataclass(frozen=True)
class Request:
    """What an import hook asks for."""

    room: Path
    build_dir: Path
    prefix: str
    """Where to install; empty for nowhere."""
    build_options: tuple[str, ...]
    install_options: tuple[str, ...]


@dataclass(frozen=True)
class _Workshop:
    """A build directory that this process alone works in."""

    build_dir: Path
    cmake: str
    environ: Mapping[str, str]
    tree: Tree

    def run(self, *words: str) -> None:
        """Run CMake, its output to ours. Raises :class:`FelloeError`."""
        self._check(words, self._start(words, {}, None))

    def install(self, *words: str, stage: str) -> None:
        """Install below ``stage``; what CMake says of that is of interest if it fails."""
        self._check(words, self._start(words, {"DESTDIR": stage}, subprocess.PIPE))

    def _check(self, words: tuple[str, ...], done: subprocess.CompletedProcess[str]) -> None:
        if done.returncode:
            again = shlex.join([self.cmake, *words])
            said = f"{done.stdout}\n" if done.stdout else ""
            raise FelloeError(
                f"{said}cmake {words[0]} ended with {done.returncode}",
                hint=f"to see it again: {again}",
            )

    def is_idle(self, options: tuple[str, ...]) -> bool:
        """Whether ninja has nothing to do: commands that run at each build are always to do."""
        done = self._start(
            ("--build", str(self.build_dir), *options, "--", "-n"), {}, subprocess.PIPE
        )
        return done.returncode == 0 and _IDLE in done.stdout

    def _start(
        self, words: tuple[str, ...], variables: Mapping[str, str], stdout: int | None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.cmake, *words],
            check=False,
            env={**self.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout else None,
            encoding="utf-8",
            errors="replace",
        )


def rebuild(request: Request, environ: Mapping[str, str]) -> None:
    """Bring an editable install up to date, unless another process just did.

    Raises :class:`FelloeError` with the command to repeat.
    """
    room = read_room(request.room)
    if room is None:
        raise FelloeError(
            f"{request.room} is gone or of another felloe: there is nothing to build in",
            hint="install the project again: pip install -e <its directory>",
        )
    with _hold(room) as lock:
        before = read_stamps(room.stamps(request.prefix))
        if before is not None and not before.changed():
            return
        tree = Tree(room.path, room.project, lock)
        workshop = _Workshop(
            request.build_dir, _find_cmake(request, room), _restore(environ, room), tree
        )
        try:
            _work(workshop, request, before, room)
        except OSError as cause:
            raise FelloeError(
                f"{cause.filename}: {cause.strerror}", hint=_advise(room.project)
            ) from cause


def note_fresh(request: Request, room: Room, lock: Lock, began: int) -> None:
    """Write down that what is below the prefix is what a build has just made there."""
    tree = Tree(room.path, room.project, lock)
    workshop = _Workshop(request.build_dir, _find_cmake(request, room), room.environ, tree)
    stamps = _observe(workshop, request, began, well=True)
    if stamps is not None:
        write_stamps(room.stamps(request.prefix), stamps)


def wait_for_room(path: Path) -> Lock:
    """Take the lock of a room, however long another has it. Raises :class:`OSError`."""
    began, said = time.monotonic(), False
    while (lock := lock_of(path)) is None:
        if not said and time.monotonic() - began > _PATIENCE:
            terminal.report_progress(f"waiting for another process that builds in {path}")
            said = True
        time.sleep(_POLL)
    return lock


@contextmanager
def _hold(room: Room) -> Iterator[Lock]:
    try:
        lock = wait_for_room(room.path)
    except OSError as cause:
        raise FelloeError(
            f"{cause.filename} cannot be written: {cause.strerror}",
            hint="import it once as the user who has installed it",
        ) from cause
    try:
        yield lock
    finally:
        lock.release()


def _work(workshop: _Workshop, request: Request, before: Stamps | None, room: Room) -> None:
    file, began = room.stamps(request.prefix), time.time_ns()
    unseen = before.changed_unseen() if before is not None else set()
    if misleads_ninja(workshop.tree, before.files_of(CONFIGURE) if before is not None else ()):
        unseen.add(BUILD)
    was_free = mark(workshop.tree)
    file.unlink(missing_ok=True)
    built = installed = False
    try:
        if not was_free:
            _wait_for_orphans(request.build_dir)
        _catch_up(workshop, unseen if was_free else {BUILD})
        workshop.run("--build", str(request.build_dir), *request.build_options)
        built = True
        if request.prefix:
            _install(workshop, request)
        installed = True
    finally:
        stamps = _observe(workshop, request, began, well=installed)
        _keep(workshop, request, began, well=built)
        if stamps is not None:
            write_stamps(file, stamps)


def _wait_for_orphans(build_dir: Path) -> None:
    """Let compilers end that outlived a rebuild which was killed: they still write objects."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while has_inhabitants(build_dir) and time.monotonic() < deadline:
        time.sleep(_POLL)


def _catch_up(workshop: _Workshop, unseen: set[str]) -> None:
    """Do what ninja would not: its clock tells it that nothing has changed."""
    if CONFIGURE in unseen:
        workshop.run("-S", _find_source(workshop.build_dir), "-B", str(workshop.build_dir))
    if BUILD in unseen:
        workshop.run("--build", str(workshop.build_dir), "--target", "clean")


def _install(workshop: _Workshop, request: Request) -> None:
    """Install beside, and then move each file that is new: nobody loads half of one."""
    with TemporaryDirectory(dir=request.room, prefix=".stage-") as stage:
        words = ["--install", str(request.build_dir), "--prefix", request.prefix]
        workshop.install(*words, *request.install_options, stage=stage)
        for source in _files_below(Path(stage)):
            target = Path("/", source.relative_to(stage))
            if not _is_same(source, target):
                target.parent.mkdir(parents=True, exist_ok=True)
                part = target.with_name(f".{target.name}.{os.getpid()}")
                shutil.copy2(source, part, follow_symlinks=False)
                part.replace(target)


def _keep(workshop: _Workshop, request: Request, began: int, *, well: bool) -> None:
    """Write down for the next installation what the tree was built from."""
    tree = workshop.tree
    is_ours = request.build_dir == tree.build_dir
    kept = is_ours and finish(tree, workshop.environ, began, well=well)
    if not kept and well:
        unmark(tree)


def _observe(workshop: _Workshop, request: Request, began: int, *, well: bool) -> Stamps | None:
    """What was built from what; None if nobody knows."""
    inputs = read_inputs(request.build_dir)
    if inputs is None:
        return None
    quiet = find_quiet(inputs, request.build_dir)
    known = replace(inputs, build=inputs.build | quiet)
    stamps = observe(known, request.build_dir, began, time.time_ns())
    if stamps is None or (well and workshop.is_idle(request.build_options)):
        return stamps
    return Stamps(stamps.finished, {**stamps.files, **_NEVER_FRESH})


def _find_cmake(request: Request, room: Room) -> str:
    """The program that has configured the build."""
    try:
        text = (request.build_dir / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError as cause:
        raise FelloeError(
            f"{request.build_dir} is not configured", hint=_advise(room.project)
        ) from cause
    found = _CMAKE.search(text)
    return found[1] if found else "cmake"


def _find_source(build_dir: Path) -> str:
    text = (build_dir / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.+)$", text, re.MULTILINE)
    return found[1] if found else str(build_dir)


def _restore(environ: Mapping[str, str], room: Room) -> dict[str, str]:
    """The variables at hand, those that steer a build as they were at the first."""
    steering = select_variables(environ, set())
    kept = {name: value for name, value in environ.items() if name not in steering}
    return {**kept, **room.environ}


def _advise(project: str) -> str:
    return f"install it again: pip install -e {shlex.quote(project)}"


def _files_below(directory: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(directory):
        links = (Path(place, name) for name in inner)
        yield from (Path(place, name) for name in names)
        yield from (path for path in links if path.is_symlink())


def _is_same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        both = one.is_symlink() and other.is_symlink()
        return both and one.readlink() == other.readlink()
    return other.is_file() and filecmp.cmp(one, other, shallow=False)
