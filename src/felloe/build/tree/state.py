"""What a tree was made from when the last build left it, and how much of it is still true.

ninja rebuilds what is older than its inputs. All else is decided here before it
runs: inputs that changed without becoming newer, what no step declares, results
of CMake's tests, builds that were killed.
"""

from __future__ import annotations

import enum
import os
import re
import time
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from felloe.build.cache.document import read_document, write_document
from felloe.build.cache.manifest import GONE, Stamp, find_changed, take_stamps
from felloe.build.tree.cleanup import find_archives, follows_branch, installs_strays
from felloe.build.tree.command_input import LINK, RUN, find_directories, find_files, find_libraries
from felloe.build.tree.header_search import Search, observe_search
from felloe.build.tree.key import hash_surroundings, read_variables
from felloe.build.tree.ninja import NOTES, Inputs, notices_edits

_TOOL = re.compile(
    r"""^(?:set\()?CMAKE_(?:\w+_COMPILER|LINKER|AR|RANLIB|STRIP)(?::\w+=|\ ")(/[^"\n]+)""",
    re.MULTILINE,
)
_FOUND = re.compile(r"^\w[^:=\n]*:FILEPATH=(/.+)$", re.MULTILINE)
_IMPLICIT = re.compile(
    r'^set\(CMAKE_\w+_IMPLICIT_(INCLUDE|LINK)_DIRECTORIES "([^"]*)"\)', re.MULTILINE
)
_STAMPED = ("own", "tools", "configure", "build")


class Worth(enum.Enum):
    """How much of a tree may be used."""

    NOTHING = "nothing"
    OBJECTS = "objects"
    """What compilers made; ninja knows what of it to rebuild."""
    FILES = "files"
    """All files, but CMake has to search and test again."""
    ALL = "all"


@dataclass(frozen=True)
class State:
    """A tree as the last build left it."""

    place: str
    """The real path of the build directory, which its files name."""
    ended_well: bool
    finished: int
    """When, in nanoseconds since 1970. Every file of the tree is as old or older."""
    own: Mapping[str, Stamp]
    """What steps have made or read below it, and what CMake and ninja have noted there."""
    tools: Mapping[str, Stamp]
    """Compilers and their like."""
    configure: Mapping[str, Stamp]
    """What CMake read or found, and what commands read without saying so."""
    build: Mapping[str, Stamp]
    """What the other steps read."""
    touched: Mapping[str, int]
    """When the project's own files among those were last touched in any way: their ctime."""
    search: Search
    """For headers."""
    variables: tuple[str, ...]
    """Of the environment, that CMake files name."""
    surroundings: str


def judge(state: State, environ: Mapping[str, str]) -> Worth:
    """What the files on disk leave of a state."""
    if find_changed(state.own, state.place):
        return Worth.NOTHING
    changed = find_changed(state.build)
    # ninja rebuilds for a newer file, and for one that is missing it fails or rebuilds.
    is_older = any(now != GONE and now[1] <= state.finished for now in changed.values())
    if find_changed(state.tools) or is_older or _has_unseen_content(state, changed):
        return Worth.NOTHING
    if find_changed(state.configure):
        return Worth.OBJECTS
    searched = hash_surroundings(environ, state.variables)
    is_same = state.ended_well and searched == state.surroundings
    return Worth.ALL if is_same else Worth.FILES


def has_unseen(state: State, declared: Container[str]) -> bool:
    """Whether something has changed that ninja would not notice, even where it is newer.

    ``declared`` is what ninja compares by itself of what was read besides.
    """
    quiet = {path: was for path, was in state.configure.items() if path not in declared}
    return bool(find_changed(quiet)) or _has_unseen_content(state, find_changed(state.build))


def _has_unseen_content(state: State, changed: Container[str]) -> bool:
    """A header in front of another, or another content with the size and time of the old one."""
    touched = take_touched(path for path in state.touched if path not in changed)
    is_touched = any(state.touched[path] != when for path, when in touched.items())
    return is_touched or bool(state.search.find_new())


def take_touched(paths: Iterable[str]) -> dict[str, int]:
    """The ctime of each file that is there, in nanoseconds since 1970."""
    touched = {}
    for path in paths:
        with suppress(OSError):
            touched[path] = os.stat(path).st_ctime_ns
    return touched


def observe(
    build_dir: Path, checkout: Path, inputs: Inputs, environ: Mapping[str, str], began: int
) -> State | None:
    """The state of a tree whose build began then and ended well; None if it cannot be told."""
    if inputs.nested or follows_branch(build_dir) or installs_strays(build_dir, inputs.made):
        return None
    try:
        cache = (build_dir / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    compilers = _read_compilers(build_dir)
    inner = (f"{build_dir}/", f"{os.path.realpath(build_dir)}/")
    configure = _outside(inputs.configure, inner)
    build = take_stamps(_outside(inputs.build, inner))
    variables = read_variables(configure)
    tools = {*_TOOL.findall(cache + compilers), *find_archives(build_dir)}
    tools |= find_files(inputs.commands, frozenset(("FLAGS",)))
    quiet = find_quiet(inputs, build_dir)
    quiet |= find_libraries(inputs.commands, _read_implicit(compilers, "LINK"))
    found = _outside((*_FOUND.findall(cache), *quiet), inner)
    return State(
        place=os.path.realpath(build_dir),
        ended_well=True,
        finished=time.time_ns(),
        own=_stamp_own(inputs, build_dir),
        tools=take_stamps(_outside(tools, inner)),
        configure=take_stamps(dict.fromkeys([*configure, *found])),
        build=build if notices_edits(build_dir) else _doubt(build, began),
        touched=take_touched(path for path in build if path.startswith(f"{checkout}/")),
        search=_observe_search(build_dir, inputs, build, _read_implicit(compilers, "INCLUDE")),
        variables=tuple(variables),
        surroundings=hash_surroundings(environ, variables),
    )


def find_quiet(inputs: Inputs, build_dir: Path) -> set[str]:
    """The files outside of a tree that its commands read without a step that declares them."""
    inner = (f"{build_dir}/", f"{os.path.realpath(build_dir)}/")
    return {*_outside(find_files(inputs.commands, LINK | RUN), inner)} - inputs.build


def _observe_search(
    build_dir: Path, inputs: Inputs, build: Iterable[str], implicit: Iterable[str]
) -> Search:
    """Headers are looked for beside the file that includes them, too."""
    headers = {os.path.normpath(os.path.join(build_dir, name)) for name in inputs.headers}
    told = {*find_directories(inputs.commands), *implicit}
    roots = tuple(f"{place}/" for place in told)
    beside = {os.path.dirname(path) for path in build if not path.startswith(roots)}
    return observe_search((place for place in told | beside if os.path.isabs(place)), headers)


def _read_compilers(build_dir: Path) -> str:
    """What CMake wrote down of compilers: those of a toolchain file are not in its cache."""
    files = sorted(build_dir.glob("CMakeFiles/*/CMake*Compiler.cmake"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def _read_implicit(compilers: str, kind: str) -> set[str]:
    """Where compilers look without being told: for what to ``INCLUDE``, or to ``LINK``."""
    lists = (places for which, places in _IMPLICIT.findall(compilers) if which == kind)
    return {os.path.normpath(place) for places in lists for place in places.split(";") if place}


def _outside(paths: Iterable[str], inner: tuple[str, ...]) -> list[str]:
    return [path for path in paths if os.path.isabs(path) and not path.startswith(inner)]


def _stamp_own(inputs: Inputs, build_dir: Path) -> dict[str, Stamp]:
    """Of what only a build writes: a machine that lost power may have kept half of it."""
    names = {*inputs.made, *inputs.build, *inputs.configure, *NOTES}
    paths = {os.path.normpath(os.path.join(build_dir, name)) for name in names}
    inner = f"{build_dir}/"
    own = sorted(path[len(inner) :] for path in paths if path.startswith(inner))
    return take_stamps(own, str(build_dir))


def _doubt(stamps: Mapping[str, Stamp], began: int) -> dict[str, Stamp]:
    """Give what was written during the build a size that no file has: it counts as changed."""
    return {path: (-2, was[1]) if was[1] >= began else was for path, was in stamps.items()}


def write_state(file: Path, state: State) -> None:
    """Write beside, and rename."""
    write_document(file, asdict(state))


def read_state(file: Path) -> State | None:
    """What :func:`write_state` wrote; None for anything else."""
    try:
        values = read_document(file)
        stamps = {name: _read_stamps(values[name]) for name in _STAMPED}
        search = {name: tuple(map(str, names)) for name, names in values["search"].items()}
        return State(
            **stamps,
            place=str(values["place"]),
            ended_well=bool(values["ended_well"]),
            finished=int(values["finished"]),
            touched={path: int(when) for path, when in values["touched"].items()},
            search=Search(**search),
            variables=tuple(map(str, values["variables"])),
            surroundings=str(values["surroundings"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _read_stamps(values: Mapping[str, tuple[int, int]]) -> dict[str, Stamp]:
    return {path: (int(size), int(when)) for path, (size, when) in values.items()}
