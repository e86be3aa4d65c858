"""Headers that would be found in the place of those that were: no object depends on them.

A compiler tells what it read. That it looked for the file elsewhere before, and
found nothing there, it does not tell.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Search:
    """Where compilers look for headers, and what they found."""

    directories: tuple[str, ...]
    names: tuple[str, ...]
    """Each header below each of the directories it lies in: ``numpy/arrayobject.h``."""
    known: tuple[str, ...]
    """The files that had such a name."""

    def find_new(self) -> list[str]:
        """Files with such a name that were not there."""
        known = {*self.known}
        return sorted(_find(self.directories, self.names, known) - known)


def observe_search(directories: Iterable[str], headers: Iterable[str]) -> Search:
    """The search as it ends now. All paths are absolute and normal."""
    places, read = tuple(sorted({*directories})), {*headers}
    names = tuple(sorted(_name(read, {*places})))
    return Search(places, names, tuple(sorted(_find(places, names, read))))


def _name(headers: Iterable[str], places: set[str]) -> set[str]:
    names = set()
    for header in headers:
        end = len(header)
        while (end := header.rfind("/", 0, end)) > 0:
            if header[:end] in places:
                names.add(header[end + 1 :])
    return names


def _find(directories: Iterable[str], names: Iterable[str], known: set[str]) -> set[str]:
    """Reads each directory once, and asks only for files that are not known."""
    heads: dict[str, list[str]] = {}
    for name in names:
        heads.setdefault(name.partition("/")[0], []).append(name)
    found: set[str] = set()
    for directory in directories:
        try:
            there = heads.keys() & {*os.listdir(directory)}
        except OSError:
            continue
        paths = {f"{directory}/{name}" for head in there for name in heads[head]}
        found |= paths & known
        found.update(path for path in paths - known if os.path.isfile(path))
    return found
