"""Build trees that stay: what the last build left, and how much of it is still true.

ninja rebuilds what is older than its inputs. What it cannot see is decided
here before it runs: inputs that changed without becoming newer, results of
CMake's searches, builds that were killed.
"""

from __future__ import annotations

import enum
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.cache.entry import lock_of, set_aside, write_card
from felloe.cache.key import hash_surroundings, read_variables
from felloe.cache.lock import Lock
from felloe.cache.manifest import GONE, Stamp, find_changed, take_stamps
from felloe.cache.ninja import drop_unfinished, notices_edits, read_inputs, read_log

_MARK = "in-use"
_STATE = "state.json"
_LOG_BEFORE = "log-before"
_TOOL = re.compile(
    r"""^(?:set\()?CMAKE_(?:\w+_COMPILER|LINKER|AR|RANLIB|STRIP)(?::\w+=|\ ")(/[^"\n]+)""",
    re.MULTILINE,
)
_FOUND = re.compile(r"^\w[^:=\n]*:FILEPATH=(/.+)$", re.MULTILINE)


class Worth(enum.Enum):
    """How much of a tree may be used."""

    NOTHING = "nothing"
    OBJECTS = "objects"
    """CMake has to search again; ninja knows what to rebuild."""
    ALL = "all"


@dataclass(frozen=True)
class State:
    """A tree as the last build left it."""

    ended_well: bool
    finished: int
    """When, in nanoseconds since 1970. Every file of the tree is as old or older."""
    tools: Mapping[str, Stamp]
    """Compilers and their like."""
    configure: Mapping[str, Stamp]
    """What CMake read or found."""
    build: Mapping[str, Stamp]
    """What the other steps read."""
    variables: tuple[str, ...]
    """Of the environment, that CMake files name."""
    surroundings: str


@dataclass(frozen=True)
class Tree:
    """A build tree that this process alone may use until its lock is released."""

    path: Path
    project: str
    lock: Lock

    @property
    def build_dir(self) -> Path:
        """Where CMake builds."""
        return self.path / "build"


def borrow_tree(root: Path, name: str, project: str) -> Tree | None:
    """The tree of this name; None if another build has it, or what such a build left runs on.

    Raises :class:`OSError` if the cache cannot take it.
    """
    path = root / "trees" / name
    lock = lock_of(path)
    if lock is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
        if (path / _MARK).exists() and has_inhabitants(path):
            lock.release()
            return None
        return Tree(path, project, lock)
    except BaseException:
        lock.release()
        raise


def start(tree: Tree, environ: Mapping[str, str]) -> Worth:
    """Throw away what is not true any more, and mark the tree as in use."""
    killed = (tree.path / _MARK).exists()
    state = None if killed else _read_state(tree.path / _STATE)
    worth = Worth.NOTHING if state is None else judge(state, environ)
    mark(tree)
    if worth is Worth.NOTHING:
        set_aside(tree.build_dir)
    elif worth is Worth.OBJECTS:
        forget_configuration(tree.build_dir)
    return worth


def mark(tree: Tree) -> bool:
    """Mark a tree as in use. False if it was, by a build that was killed."""
    was_free = not (tree.path / _MARK).exists()
    (tree.path / _MARK).touch()
    (tree.path / _STATE).unlink(missing_ok=True)
    (tree.path / _LOG_BEFORE).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.copyfile(tree.build_dir / ".ninja_log", tree.path / _LOG_BEFORE)
    return was_free


def unmark(tree: Tree) -> None:
    """Let a tree go of which no state was kept."""
    (tree.path / _MARK).unlink(missing_ok=True)


def judge(state: State, environ: Mapping[str, str]) -> Worth:
    """What the files on disk leave of a state."""
    if find_changed(state.tools):
        return Worth.NOTHING
    for now in find_changed(state.build).values():
        # ninja rebuilds for a newer file, and for one that is missing it fails or rebuilds.
        if now != GONE and now[1] <= state.finished:
            return Worth.NOTHING
    searched = hash_surroundings(environ, state.variables)
    if not state.ended_well or searched != state.surroundings or find_changed(state.configure):
        return Worth.OBJECTS
    return Worth.ALL


def finish(tree: Tree, environ: Mapping[str, str], began: int, *, well: bool) -> bool:
    """Write down what the tree was made from. False if nothing of it can be kept.

    ``began`` is when the build started, in nanoseconds since 1970: an input
    that was written since may have been read before that.
    """
    state = _take_state(tree, environ, began, well=well)
    if state is None:
        return False
    text = json.dumps(state.__dict__)
    part = tree.path / f".{_STATE}.{os.getpid()}"
    part.write_text(text, encoding="utf-8")
    part.replace(tree.path / _STATE)
    write_card(tree.path, tree.project)
    (tree.path / _MARK).unlink()
    return True


def _take_state(tree: Tree, environ: Mapping[str, str], began: int, *, well: bool) -> State | None:
    build_dir = tree.build_dir
    inputs = read_inputs(build_dir)
    if inputs is None or inputs.nested:
        return None
    before = {} if well else read_log(tree.path / _LOG_BEFORE)
    if not well and not drop_unfinished(build_dir, inputs.made, before, began):
        return None
    try:
        cache = (build_dir / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    inner = (f"{build_dir}/", f"{os.path.realpath(build_dir)}/")
    configure = [path for path in inputs.configure if _is_outside(path, inner)]
    build = take_stamps(path for path in inputs.build if _is_outside(path, inner))
    found = [path for path in _FOUND.findall(cache) if not path.startswith(inner)]
    variables = read_variables(configure)
    return State(
        ended_well=well,
        finished=time.time_ns(),
        tools=take_stamps(_TOOL.findall(cache + _read_compilers(build_dir))),
        configure=take_stamps([*configure, *found]),
        build=build if notices_edits(build_dir) else _doubt(build, began),
        variables=tuple(variables),
        surroundings=hash_surroundings(environ, variables),
    )


def _read_compilers(build_dir: Path) -> str:
    """What CMake wrote down of compilers: those of a toolchain file are not in its cache."""
    files = sorted(build_dir.glob("CMakeFiles/*/CMake*Compiler.cmake"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def _is_outside(path: str, inner: tuple[str, ...]) -> bool:
    return os.path.isabs(path) and not path.startswith(inner)


def _doubt(stamps: Mapping[str, Stamp], began: int) -> dict[str, Stamp]:
    """Give what was written during the build a size that no file has: it counts as changed."""
    return {path: (-2, was[1]) if was[1] >= began else was for path, was in stamps.items()}


def _read_state(path: Path) -> State | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        for name in ("tools", "configure", "build"):
            values[name] = {file: (size, time_) for file, (size, time_) in values[name].items()}
        return State(**values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def forget_configuration(build_dir: Path) -> None:
    """Have CMake search and test anew. Objects stay: ninja compares their commands."""
    (build_dir / "CMakeCache.txt").unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        for item in (build_dir / "CMakeFiles").iterdir():
            if item.is_dir() and item.suffix != ".dir":
                shutil.rmtree(item)


def discard(tree: Tree) -> None:
    """Delete a tree that is held."""
    with suppress(OSError):
        set_aside(tree.path)


def has_inhabitants(path: Path) -> bool:
    """Whether a process works in a directory: compilers outlive a build that was killed.

    Seen where there is ``/proc``.
    """
    inner = os.fsencode(path)
    return any(inner in words for words in _read_processes())


def _read_processes() -> Iterator[bytes]:
    """Where each process works, and its command."""
    with suppress(OSError):
        for name in os.listdir("/proc"):
            with suppress(OSError):
                if name.isdigit():
                    yield os.readlink(os.fsencode(f"/proc/{name}/cwd"))
                    yield Path(f"/proc/{name}/cmdline").read_bytes()
