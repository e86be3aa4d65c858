"""Rules for sdists (PEP 517, 625, 643 and 721; PyPI's tar rules of August 2026).

The same rules hold for sdists that felloe writes and for those that it reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from felloe.errors import MalformedArchive
from felloe.finding import Finding
from felloe.wheel.member_name import check_file_tree, check_member_name
from felloe.wheel.project_name import escape_name, is_same_version
from felloe.wheel.sdist_member import SdistMember, Type

_MOST_LINKS = 40
"""Links followed on the way to one target; the limit Linux has."""
_LONGEST = 4096
"""Characters of a path; the limit Linux has."""
_MOST_LISTED = 3
_BUILD_OUTPUTS = ("CMakeCache.txt", "build.ninja", ".ninja_log")


def find_member_problems(members: Sequence[SdistMember]) -> Iterator[Finding]:
    """Check for names, types and links that not every installer unpacks inside the tree."""
    links = {item.name: item.target for item in members if item.type is Type.SYMBOLIC_LINK}
    files: set[str] = set()
    for member in members:
        name = member.name
        problem = _find_problem(member, links, files)
        if problem is not None:
            yield problem
        if member.type in (Type.FILE, Type.HARD_LINK):
            files.add(name)
    try:
        check_file_tree({m.name for m in members if m.type in (Type.FILE, Type.HARD_LINK)})
    except MalformedArchive as cause:
        yield Finding(cause.message, "include one of them under another name")


def _find_problem(
    member: SdistMember, links: Mapping[str, str], files: Collection[str]
) -> Finding | None:
    name, kind = member.name, member.type
    if max(len(name), len(member.target)) > _LONGEST:
        return Finding(f"{name[:60]}… is longer than a path can be on any system", "shorten it")
    try:
        check_member_name(name)
    except MalformedArchive as cause:
        return Finding(cause.message, "include it under another name", name)
    if kind in (Type.SPARSE, Type.OTHER):
        return Finding(f"{name} is a {kind.value}", "include an ordinary file", name)
    if not _stays(member, links):
        return Finding(
            f"the {kind.value} {name} leads out of the tree or in a circle, to {member.target}"
            if member.target
            else f"{name} leads out of the tree, through a link",
            "include the file itself",
            name,
        )
    if kind is Type.HARD_LINK and member.target not in files:
        return Finding(
            f"the hard link {name} refers to {member.target}, which is not an earlier file",
            "include the file itself",
            name,
        )
    return None


def find_repeated(members: Iterable[SdistMember]) -> Iterator[Finding]:
    """Yield a note about each file that is there more than once."""
    seen: set[str] = set()
    for member in members:
        if member.type is not Type.DIRECTORY and member.name in seen:
            message = f"two members are named {member.name}; the last one wins"
            yield Finding(message, "include it once", member.name)
        seen.add(member.name)


def find_leftovers(members: Sequence[SdistMember]) -> Iterator[Finding]:
    """Yield a note about each kind of file that a build makes and no build needs."""
    names = [member.name for member in members if member.type is Type.FILE]
    kinds = (
        ("bytecode", [name for name in names if name.endswith((".pyc", ".pyo"))]),
        ("wheels", [name for name in names if name.endswith(".whl")]),
        ("files of a build tree", [n for n in names if n.rpartition("/")[2] in _BUILD_OUTPUTS]),
    )
    for kind, found in kinds:
        if found:
            yield Finding(
                f"the sdist contains {kind}: {list_some(found)}",
                "remove them from the source tree, or add them to `sdist.exclude`",
                found[0],
            )


def find_layout_problems(members: Sequence[SdistMember], stem: str) -> Iterator[Finding]:
    """Check for one directory with the name of the file, and PKG-INFO in it."""
    tops = sorted({member.name.partition("/")[0] for member in members})
    if tops != [stem]:
        yield Finding(
            f"the sdist must hold one directory {stem}, it holds {list_some(tops) or 'nothing'}",
            f"put all files into {stem}/",
        )
    if not _has(members, "PKG-INFO"):
        hint = "build the sdist with a PEP 517 backend, which writes it"
        yield Finding(f"the sdist has no {stem}/PKG-INFO", hint)


def find_missing_project_file(members: Sequence[SdistMember], stem: str) -> Iterator[Finding]:
    """Check for ``pyproject.toml``, which sdists have had since PEP 517."""
    if not _has(members, "pyproject.toml"):
        yield Finding(
            f"the sdist has no {stem}/pyproject.toml",
            "add one with a [build-system] table and include it in the sdist",
        )


def find_identity_problems(name: str, version: str, stem: str) -> Iterator[Finding]:
    """Check that the file is named after its ``PKG-INFO``. Spellings of a version are equal."""
    own_name, _, own_version = stem.rpartition("-")
    if not name or escape_name(name) != own_name or not is_same_version(version, own_version):
        yield Finding(f"PKG-INFO describes {name} {version}", f"it must describe {stem}")


def list_some(names: Sequence[str]) -> str:
    """Return the first names, and the number of the others."""
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _has(members: Sequence[SdistMember], name: str) -> bool:
    files = find_files(members)
    tops = {member.name.partition("/")[0] for member in members}
    return any(f"{top}/{name}" in files for top in tops)


def find_files(members: Iterable[SdistMember]) -> set[str]:
    """Return the names that are files when all is unpacked: the last member of a name wins."""
    types = {member.name: member.type for member in members}
    return {name for name, kind in types.items() if kind in (Type.FILE, Type.HARD_LINK)}


def _stays(member: SdistMember, links: Mapping[str, str]) -> bool:
    top, _, _ = member.name.partition("/")
    if member.type is Type.SYMBOLIC_LINK:
        start = member.name.split("/")[:-1]
    elif member.type is Type.HARD_LINK:
        start = []
    else:  # a file below a link is written wherever the link leads
        return _lands_in(top, [], member.name, links)
    return _lands_in(top, start, member.target, links)


def _lands_in(top: str, start: Sequence[str], path: str, links: Mapping[str, str]) -> bool:
    """Return whether ``path``, followed from ``start`` through all links, stays in ``top``."""
    place, ahead, followed = list(start), deque(path.split("/")), 0
    if path.startswith("/"):
        return False
    while ahead:
        part = ahead.popleft()
        if part == "..":
            if not place:
                return False
            place.pop()
        elif part not in ("", "."):
            place.append(part)
        target = links.get("/".join(place))
        if target is not None and part not in ("", "."):
            followed += 1
            if target.startswith("/") or followed > _MOST_LINKS:
                return False
            place.pop()
            ahead.extendleft(reversed(target.split("/")))
    return place[:1] == [top]


def find_metadata(members: Collection[str], stem: str) -> str | None:
    """Return the path of PKG-INFO, in its directory or in the only one there is."""
    tops = {name.partition("/")[0] for name in members}
    top = stem if stem in tops or len(tops) != 1 else tops.pop()
    path = f"{top}/PKG-INFO"
    return path if path in members else None
