"""What lies in a build tree that no step of ninja answers for."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_NINJAS = frozenset((".ninja_log", ".ninja_deps", "build.ninja", "rules.ninja"))
_DIRECTORIES = re.compile(r"TYPE DIRECTORY\b(.*?)\)\n", re.DOTALL)
_INCLUDED = re.compile(r'include\("([^"]+/cmake_install\.cmake)"\)')
_PATH = re.compile(r'"(/[^"]*)"')
_URLS = re.compile(r"^url\(s\)=(.*)$", re.MULTILINE)


def sweep(build_dir: Path) -> None:
    """Leave what compilers made, and what FetchContent has fetched and will look after."""
    pending = [build_dir]
    while pending:
        directory = pending.pop()
        with suppress(FileNotFoundError):
            for item in sorted(directory.iterdir()):
                if item.is_symlink() or not item.is_dir():
                    if item.name not in _NINJAS:
                        item.unlink()
                elif not (_holds_objects(item) or _is_fetched(item)):
                    pending.append(item)


def _holds_objects(directory: Path) -> bool:
    return directory.suffix == ".dir" and directory.parent.name == "CMakeFiles"


def _is_fetched(directory: Path) -> bool:
    """A patched tree would be patched twice."""
    name, _, kind = directory.name.rpartition("-")
    if directory.parent.name != "_deps" or kind not in ("src", "subbuild"):
        return False
    try:
        steps = directory.with_name(f"{name}-subbuild") / "CMakeLists.txt"
        return "PATCH_COMMAND" not in steps.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def forget_tests(build_dir: Path) -> None:
    """Have CMake search and test anew. Objects stay: ninja compares their commands."""
    (build_dir / "CMakeCache.txt").unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        for item in (build_dir / "CMakeFiles").iterdir():
            if item.is_dir() and not _holds_objects(item):
                shutil.rmtree(item)


def find_archives(build_dir: Path) -> list[str]:
    """Files of this machine that FetchContent has unpacked: it does not look at them again."""
    notes = [*build_dir.glob("_deps/*-subbuild/*/src/*-stamp/*-urlinfo.txt")]
    notes += build_dir.glob("CMakeFiles/fc-stamp/*/*-urlinfo.txt")
    texts = (note.read_text(encoding="utf-8", errors="surrogateescape") for note in notes)
    urls = (url for text in texts for line in _URLS.findall(text) for url in line.split(";"))
    paths = (url.removeprefix("file://") for url in urls)
    return sorted(path for path in paths if os.path.isabs(path))


def follows_branch(build_dir: Path) -> bool:
    """Whether FetchContent has checked out a branch, which is elsewhere tomorrow."""
    for head in build_dir.glob("_deps/*-src/.git/HEAD"):
        with suppress(OSError):
            if head.read_text(encoding="utf-8").startswith("ref:"):
                return True
    return False


def installs_strays(build_dir: Path, made: frozenset[str]) -> bool:
    """Whether a directory of the tree is installed with files that ninja does not make."""
    inner = f"{build_dir}/"
    for place in _installed(build_dir / "cmake_install.cmake"):
        if f"{place}/".startswith(inner) and not _is_fetched_place(place):
            names = (path[len(inner) :] for path in _files_below(place))
            if any(name not in made for name in names):
                return True
    return False


def _installed(script: Path) -> Iterator[str]:
    """The directories that CMake's script installs, and the scripts that it includes."""
    pending = [script]
    while pending:
        with suppress(OSError):
            text = pending.pop().read_text(encoding="utf-8", errors="surrogateescape")
            pending += map(Path, _INCLUDED.findall(text))
            for words in _DIRECTORIES.findall(text):
                yield from _PATH.findall(words)


def _is_fetched_place(place: str) -> bool:
    """In ``_deps/<name>-src``, which is as it was fetched."""
    return re.search(r"/_deps/[^/]+-src(/|$)", place) is not None


def _files_below(directory: str) -> Iterator[str]:
    for place, _, names in os.walk(directory):
        yield from (os.path.normpath(f"{place}/{name}") for name in names)
