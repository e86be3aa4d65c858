"""Names that are equal only if all that is behind them is.

A grafted library is renamed after its own content and that of every library it
needs in turn, so two wheels share a loaded library only if all that is behind it
is the same. auditwheel names by the library's own bytes alone, and then the
second wheel gets the first one's dependencies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from felloe.repair.external import Collection, Link

_HASH_DIGITS = 8


def name_grafts(collection: Collection, private: Mapping[str, str] | None = None) -> dict[str, str]:
    """External's path -> its file name in the wheel.

    The hash covers the file and, with the names they are needed under, the
    files of all that it leads to. ``private`` are the externals that need what
    only this wheel holds, each with something that tells the wheel apart.
    """
    contents = {
        external.path: " ".join(
            (
                external.digest,
                (private or {}).get(external.path, ""),
                collection.included.get(external.path, ""),
            )
        )
        for external in collection.externals
    }
    digests = hash_graphs(contents, collection.links)
    return {
        external.path: collection.included.get(external.path)
        or _with_hash(external.soname, digests[external.path])
        for external in collection.externals
    }


def hash_graphs(contents: Mapping[str, str], links: Iterable[Link]) -> dict[str, str]:
    """Return for each library a hash of it and of all libraries that it leads to.

    ``contents`` maps a library's path to text that identifies its bytes;
    ``links`` from other requesters than libraries are left out.
    """
    needs: dict[str, list[Link]] = {path: [] for path in contents}
    for link in links:
        if link.requester in needs:
            needs[link.requester].append(link)
    return {path: _merkle(path, contents, needs) for path in contents}


def _merkle(path: str, contents: Mapping[str, str], needs: Mapping[str, list[Link]]) -> str:
    """A hash of a file and of the whole graph behind it, so cycles are no special case.

    Each file is numbered when it is first reached, which from a given root
    happens in one order only: graphs of one shape and content give one text.
    """
    numbers = {path: 0}
    queue, lines = [path], []
    for current in queue:
        line = [contents[current]]
        for link in sorted(needs[current], key=lambda link: link.soname):
            if link.target not in numbers:
                numbers[link.target] = len(numbers)
                queue.append(link.target)
            line.append(f"{link.soname} {numbers[link.target]}")
        lines.append("\t".join(line))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_HASH_DIGITS]


def _with_hash(soname: str, digest: str) -> str:
    """``libpng16.so.16`` -> ``libpng16-1a2b3c4d.so.16``."""
    stem, dot, rest = soname.partition(".so")
    return f"{stem}-{digest}{dot}{rest}"
