"""The result of copying libraries into a wheel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from felloe import terminal
from felloe.finding import Finding
from felloe.repair.closure import Closure
from felloe.repair.external import Graft, Library, Missing
from felloe.repair.merkle import hash_graphs
from felloe.wheel.member import Member

FactsT = TypeVar("FactsT")


@dataclass(frozen=True)
class CopiedLibraries:
    """Members to add or replace, and the libraries among them."""

    members: tuple[Member, ...] = ()
    grafts: tuple[Graft, ...] = ()
    missing: tuple[Missing, ...] = ()
    violation: Finding | None = None
    """A library that the settings do not allow."""
    waived: frozenset[str] = frozenset()
    """Needed names that are left to the user's machine on purpose."""
    removed: frozenset[str] = frozenset()
    """Paths of old members to remove from the wheel, unless a new member has the path."""

    @property
    def replaced(self) -> frozenset[str]:
        """Paths whose old members are out of date."""
        return self.removed | {member.name for member in self.members}


def name_copies(
    closure: Closure[FactsT], rename: Callable[[str, str], str], keep: Iterable[str] = ()
) -> tuple[dict[str, str], dict[str, Library]]:
    """Return the file name of each copy and the library itself, by path.

    ``rename(file_name, digest)`` puts a hash into a name; the files named in
    ``keep`` (lower case) keep theirs.
    """
    digests = {
        path: hashlib.sha256(found.data).hexdigest() for path, found in closure.libraries.items()
    }
    graphs = hash_graphs(digests, closure.links)
    kept = frozenset(keep)
    names, libraries = {}, {}
    for path, digest in digests.items():
        file_name = Path(path).name
        names[path] = file_name if file_name.lower() in kept else rename(file_name, graphs[path])
        libraries[path] = Library(path, file_name, digest)
    return names, libraries


def report_copies(copied: CopiedLibraries) -> None:
    """Print which libraries are copied, and where the missing ones were looked for."""
    for graft in copied.grafts:
        terminal.report_progress(f"copying {graft.external.soname} from {graft.external.path}")
    for item in copied.missing:
        places = ", ".join(item.places) or "any place"
        terminal.report_warning(
            Finding(f"{item.soname}, which {item.requester} needs, was not found in {places}")
        )


def stage_member(name: str, data: bytes, directory: Path, *, executable: bool) -> Member:
    """Return a member whose bytes lie in a file below ``directory``, not in memory."""
    path = directory / hashlib.sha256(name.encode()).hexdigest()
    path.write_bytes(data)
    return Member.from_file(name, path, executable=executable)
