"""What the commands of a build read that no step of ninja declares.

A version script, a static library by its short name, the script behind a custom
command: they stand in the commands, and nowhere else.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator

COMPILE = frozenset(("FLAGS", "INCLUDES"))
LINK = frozenset(("LINK_FLAGS", "LINK_PATH", "LINK_LIBRARIES"))
RUN = frozenset(("COMMAND", "POST_BUILD", "PRE_LINK"))
_INCLUDE = re.compile(r"-(?:I|isystem|iquote|idirafter)(.*)")
_BREAK = re.compile(r"[,=@]|&&|;")

Command = tuple[str, str]
"""A variable of a step, and its value."""


def find_directories(commands: Iterable[Command]) -> Iterator[str]:
    """Where compilers are told to look for headers."""
    for name, text in commands:
        words = iter(_split(text) if name in COMPILE else ())
        for word in words:
            match = _INCLUDE.fullmatch(word)
            if match:
                yield os.path.normpath(match[1] or next(words, "/"))


def find_files(commands: Iterable[Command], kinds: frozenset[str]) -> set[str]:
    """The files that such commands name: as a word, or behind a comma or an equals sign."""
    found: set[str] = set()
    for name, text in commands:
        if name in kinds:
            words = _split(text)
            base = words[1] if words[:1] == ["cd"] and len(words) > 1 else "/"
            pieces = (piece for word in words for piece in (word, *_BREAK.split(word)) if piece)
            paths = (os.path.normpath(os.path.join(base, piece)) for piece in pieces)
            found.update(path for path in paths if path not in found and os.path.isfile(path))
    return found


def find_libraries(commands: Iterable[Command], implicit: Iterable[str]) -> set[str]:
    """Where a linker may find ``-lname``, also where nothing is yet."""
    words = [word for name, text in commands if name in LINK for word in _split(text)]
    places = [*(word[2:] for word in words if word.startswith("-L/")), *implicit]
    names = {word[2:] for word in words if word.startswith("-l") and len(word) > 2}
    return {
        f"{place.rstrip('/')}/lib{name}.{end}"
        for place in places
        for name in names
        for end in ("so", "a")
    }


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
