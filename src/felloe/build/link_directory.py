"""Directories of the shared libraries that a build linked, read from its link commands.

CMAKE_INSTALL_RPATH_USE_LINK_PATH leaves out every directory below the project and
the build tree. A library that is there and that the project does not install can
only be found in these directories: a vendored one, or one of ExternalProject.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_VARIABLE = re.compile(r"^  (?:LINK_LIBRARIES|LINK_PATH) = (.*)$", re.MULTILINE)
"""A variable of a link step in build.ninja, as CMake's generator writes it."""
_WORD = re.compile(r'"([^"]*)"|((?:\\.|\$.|[^\s"\\$])+)')
_LIBRARY = re.compile(r".+\.so(\.\d+)*|.+\.dylib")
_MOST = 64
"""Largest number of directories that are read."""


def find_link_directories(build_dir: Path) -> list[Path]:
    """Return the directories of linked libraries, in the order of the link commands."""
    found: dict[Path, None] = {}
    for base, text in _read_commands(build_dir):
        for word in _split(text):
            path = word[2:] if word.startswith("-L") else os.path.dirname(word)
            if word.startswith("-L") or _LIBRARY.fullmatch(word):
                directory = Path(os.path.normpath(base / path))
                if directory.is_dir():
                    found[directory] = None
        if len(found) >= _MOST:
            break
    return list(found)[:_MOST]


def keep_linked(build_dir: Path, place: Path) -> tuple[str, ...]:
    """Return the directories of linked libraries, which stay when the build tree is deleted.

    The libraries of a directory below ``build_dir`` are linked or copied to one below
    ``place``, as the tree may be deleted or used again before the wheel is finished.
    """
    kept = []
    for number, directory in enumerate(find_link_directories(build_dir)):
        copy = directory
        if directory == build_dir or build_dir in directory.parents:
            copy = place / str(number)
            copy.mkdir(parents=True)
            for name in sorted(os.listdir(directory)):
                if _LIBRARY.fullmatch(name) and (directory / name).is_file():
                    shutil.copy2(directory / name, copy / name)
        kept.append(str(copy))
    return tuple(kept)


def _read_commands(build_dir: Path) -> Iterator[tuple[Path, str]]:
    """Yield each text of link words, and the directory that its paths are relative to."""
    ninja = build_dir / "build.ninja"
    if ninja.is_file():
        text = ninja.read_text(encoding="utf-8", errors="surrogateescape")
        yield build_dir, " ".join(_VARIABLE.findall(text))
    for place in build_dir.glob("**/CMakeFiles/*.dir"):
        for name in ("link.txt", "linkLibs.rsp", "linklibs.rsp"):
            file = place / name
            if file.is_file():
                text = file.read_text(encoding="utf-8", errors="surrogateescape")
                yield place.parent.parent, re.sub(r"\s-o\s+\S+", " ", text)


def _split(text: str) -> Iterator[str]:
    """Split as a shell or ninja does, without their escapes."""
    for quoted, plain in _WORD.findall(text):
        yield quoted or re.sub(r"[\\$](.)", r"\1", plain)
