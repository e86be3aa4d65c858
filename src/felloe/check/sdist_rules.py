"""What an sdist may hold (PEP 517, 625 and 721; PyPI's tar rules of August 2026)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from felloe.check.rule import Rule, Ruling
from felloe.wheel.sdist_member import SdistMember, Type

_REQUIRED = {
    "PKG-INFO": "build the sdist with a PEP 517 backend, which writes it",
    "pyproject.toml": "add one with a [build-system] table and include it in the sdist",
}
_MOST_LINKS = 40
"""Links followed on the way to one target; the limit Linux has."""
_LONGEST = 4096
"""Characters of a path; the limit Linux has."""


def check_layout(members: Sequence[SdistMember], stem: str) -> Iterator[Ruling]:
    """All lies in one directory, which is named as the file without its suffix."""
    tops = sorted({member.name.partition("/")[0] for member in members})
    if tops != [stem]:
        listed = ", ".join(tops[:3]) + (f" and {len(tops) - 3} more" if len(tops) > 3 else "")
        yield Rule.SDIST_LAYOUT.problem(
            f"the sdist must hold one directory {stem}, it holds {listed or 'nothing'}",
            f"put all files into {stem}/",
        )
    names = find_files(members)
    for required, hint in _REQUIRED.items():
        if not any(f"{top}/{required}" in names for top in tops):
            yield Rule.SDIST_LAYOUT.problem(f"the sdist has no {stem}/{required}", hint)


def find_files(members: Iterable[SdistMember]) -> set[str]:
    """The names that are ordinary files when all is unpacked: the last member of a name wins."""
    types = {member.name: member.type for member in members}
    return {name for name, kind in types.items() if kind is Type.FILE}


def check_members(members: Sequence[SdistMember]) -> Iterator[Ruling]:
    """Only files, directories and links that stay in the tree; no file twice."""
    links = {item.name: item.target for item in members if item.type is Type.SYMBOLIC_LINK}
    seen: set[str] = set()
    for member in members:
        name = member.name
        if member.type in (Type.SPARSE, Type.OTHER):
            yield Rule.MEMBER.problem(
                f"{name} is a {member.type.value}", "include an ordinary file", name
            )
        elif max(len(name), len(member.target)) > _LONGEST:
            yield Rule.MEMBER.problem(
                f"{name[:60]}… is longer than any system has paths", "shorten it"
            )
        elif not _stays(member, links):
            yield Rule.MEMBER.problem(
                f"the {member.type.value} {name} leads out of the tree, to {member.target}",
                "include the file itself",
                name,
            )
        if member.type is not Type.DIRECTORY and name in seen:
            yield Rule.MEMBER.note(
                f"two members are named {name}; the last one wins", "include it once", name
            )
        seen.add(name)


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
    """Whether ``path``, walked from ``start`` through all links, never leaves ``top``."""
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
    """PKG-INFO in the directory that it belongs into, or in the only one there is."""
    tops = {name.partition("/")[0] for name in members}
    top = stem if stem in tops or len(tops) != 1 else tops.pop()
    path = f"{top}/PKG-INFO"
    return path if path in members else None
