"""Build trees that stay: borrowed by one build at a time, and brought to what is still true."""

from __future__ import annotations

import os
import shutil
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from felloe.build.cache.entry import lock_of, set_aside, write_card
from felloe.build.cache.lock import Lock
from felloe.build.tree.cleanup import forget_tests, sweep
from felloe.build.tree.cmake_cache import refresh_answers
from felloe.build.tree.ninja import drop_unfinished, read_inputs, read_log
from felloe.build.tree.state import (
    State,
    Worth,
    has_unseen,
    judge,
    observe,
    read_state,
    write_state,
)
from felloe.config.project import find_checkout

_MARK = "in-use"
_STATE = "state.json"
_LOG_BEFORE = "log-before"


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


def start(tree: Tree, environ: Mapping[str, str]) -> State | None:
    """Throw away what is not true any more, and mark the tree as in use.

    Answers the state of what is left; None if nothing is.
    """
    killed = (tree.path / _MARK).exists()
    state = None if killed else read_state(tree.path / _STATE)
    if state is not None and state.place != os.path.realpath(tree.build_dir):
        state = None
    worth = Worth.NOTHING if state is None else judge(state, environ)
    mark(tree)
    if worth is Worth.NOTHING:
        set_aside(tree.build_dir)
        return None
    if worth is Worth.OBJECTS:
        sweep(tree.build_dir)
    elif worth is Worth.FILES:
        forget_tests(tree.build_dir)
    else:
        refresh_answers(tree.build_dir)
    return state


def mark(tree: Tree) -> bool:
    """Mark a tree as in use. False if it was, by a build that was killed."""
    was_free = not (tree.path / _MARK).exists()
    (tree.path / _MARK).touch()
    (tree.path / _STATE).unlink(missing_ok=True)
    (tree.path / _LOG_BEFORE).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.copyfile(tree.build_dir / ".ninja_log", tree.path / _LOG_BEFORE)
    return was_free


def misleads_ninja(tree: Tree, declared: Container[str]) -> bool:
    """Whether ninja would take for made what is not, because of what it does not know."""
    state = read_state(tree.path / _STATE)
    return state is not None and has_unseen(state, declared)


def unmark(tree: Tree) -> None:
    """Let a tree go of which no state was kept."""
    (tree.path / _MARK).unlink(missing_ok=True)


def finish(tree: Tree, environ: Mapping[str, str], began: int, *, well: bool) -> bool:
    """Write down what the tree was made from. False if nothing of it can be kept.

    ``began`` is when the build started, in nanoseconds since 1970: an input
    that was written since may have been read before that.
    """
    inputs = read_inputs(tree.build_dir)
    if inputs is None:
        return False
    before = {} if well else read_log(tree.path / _LOG_BEFORE)
    if not well and not drop_unfinished(tree.build_dir, inputs.made, before, began):
        return False
    checkout = find_checkout(Path(tree.project))
    state = observe(tree.build_dir, checkout, inputs, environ, began)
    if state is None:
        return False
    write_state(tree.path / _STATE, replace(state, ended_well=well))
    write_card(tree.path, tree.project)
    (tree.path / _MARK).unlink()
    return True


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
