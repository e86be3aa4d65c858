"""The libraries that a set of files needs, directly and through one another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from felloe.repair.external import Link, Missing

FactsT = TypeVar("FactsT")


@dataclass(frozen=True)
class FoundLibrary(Generic[FactsT]):
    """A library of the build machine."""

    path: Path
    """The file itself, symbolic links resolved."""
    data: bytes
    facts: FactsT
    """Facts of the file, from the reader of its format."""


@dataclass(frozen=True)
class NotFound:
    """A library that cannot be copied, with the reason."""

    places: tuple[str, ...]
    """The searched places, or a sentence with the problem."""


@dataclass(frozen=True)
class Closure(Generic[FactsT]):
    """The libraries that the files of a wheel need, and the missing ones."""

    libraries: Mapping[str, FoundLibrary[FactsT]]
    """Path -> library."""
    links: tuple[Link, ...]
    """The files that need each library, and the names that they use."""
    missing: tuple[Missing, ...]


def find_closure(
    roots: Mapping[str, Sequence[str]],
    find: Callable[[str, str], FoundLibrary[FactsT] | NotFound],
    needs: Callable[[FoundLibrary[FactsT]], Iterable[str]],
) -> Closure[FactsT]:
    """Follow the names that ``roots`` need.

    ``roots`` maps a member of the wheel to the names to be found for it.
    ``find(requester, name)`` answers for a member's name or for the path of a
    library that was found before; ``needs`` names what a library needs in turn.
    """
    libraries: dict[str, FoundLibrary[FactsT]] = {}
    links: dict[Link, None] = {}
    missing: dict[tuple[str, str], Missing] = {}
    queue = deque((requester, name) for requester, names in roots.items() for name in names)
    while queue:
        requester, name = queue.popleft()
        found = find(requester, name)
        if isinstance(found, NotFound):
            missing[requester, name] = Missing(requester, name, found.places)
            continue
        path = str(found.path)
        links[Link(requester, name, path)] = None
        if path not in libraries:
            libraries[path] = found
            queue.extend((path, inner) for inner in needs(found))
    return Closure(libraries, tuple(links), tuple(missing.values()))
