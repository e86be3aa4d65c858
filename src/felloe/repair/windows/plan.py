"""Decide which DLLs lie beside which files of a Windows wheel, and how they refer to each other.

Python loads an extension module so that Windows looks for its DLLs in the
module's own directory (``LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR``), and for the DLLs
of those DLLs as well. So each directory that needs a DLL gets all of its closure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import dirname, join

from felloe.binary.pe.editor.edit import PeEdit
from felloe.repair.external import Link


@dataclass(frozen=True)
class DllPlan:
    """The DLLs to copy and the edits of files."""

    copies: Mapping[str, str]
    """Member to write -> path of the DLL on the build machine."""
    edits: Mapping[str, PeEdit]
    """Member, or path of a DLL -> its edit."""


def plan_dlls(links: Sequence[Link], names: Mapping[str, str]) -> DllPlan:
    """Place the closure of every member beside it.

    ``links`` lead from members and from DLLs to the DLLs that they need;
    ``names`` are the file names of the copies, by path.
    """
    needs: dict[str, dict[str, str]] = {}
    for link in links:
        needs.setdefault(link.requester, {})[link.soname] = link.target
    members = [requester for requester in needs if requester not in names]
    copies = {
        join(dirname(member), names[path]): path
        for member in sorted(members)
        for path in _closure(member, needs)
    }
    edits = {
        requester: PeEdit({name: names[target] for name, target in targets.items()})
        for requester, targets in needs.items()
    }
    return DllPlan(copies, edits)


def _closure(member: str, needs: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the paths of all DLLs behind a member, each once, in the order they are reached."""
    found: dict[str, None] = {}
    queue = list(needs.get(member, {}).values())
    for path in queue:
        if path not in found:
            found[path] = None
            queue.extend(needs.get(path, {}).values())
    return list(found)
