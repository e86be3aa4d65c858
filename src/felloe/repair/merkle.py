"""Name copies by their content and by the content of all libraries they need.

A process loads one library for equal names. With names made of the library's own
bytes only, as auditwheel makes them, the second wheel in a process would get the
dependencies of the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from felloe.repair.external import Collection, Link

_HASH_DIGITS = 8


def name_grafts(collection: Collection, private: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the file name in the wheel of each external, by path.

    The hash covers the file and all files that it leads to, with the names that need
    them. ``private`` are the externals that need libraries of this wheel, each with
    text that identifies the wheel.
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
    """Return a hash of a file and of the graph behind it, which may have cycles.

    Files are numbered in the order in which they are reached from the root: graphs of
    equal shape and content give equal text.
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
