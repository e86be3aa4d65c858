"""Libraries of a wheel that have one SONAME: copies in place of links, or variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from felloe.audit.evidence import AuditedObject
from felloe.finding import Finding
from felloe.wheel.digest import hash_chunks
from felloe.wheel.member import Member

_MOST_PATHS = 4


def find_shared_sonames(
    objects: Sequence[AuditedObject], members: Mapping[str, Member]
) -> Iterator[Finding]:
    """Yield a note for each SONAME that several files of the wheel have."""
    groups: dict[str, list[str]] = {}
    for item in objects:
        if item.elf.soname:
            groups.setdefault(item.elf.soname, []).append(item.path)
    for soname, paths in sorted(groups.items()):
        if len(paths) > 1:
            contents = {hash_chunks(members[path].content.chunks()) for path in paths}
            explain = _explain_copies if len(contents) == 1 else _explain_variants
            yield explain(soname, sorted(paths))


def _explain_copies(soname: str, paths: Sequence[str]) -> Finding:
    return Finding(
        f"{_list(paths)} are {len(paths)} copies of one library, because a wheel cannot contain "
        "links; a process that loads two of them has all its variables twice",
        hint=f"install only {soname}: in CMake set SOVERSION and not VERSION, and use "
        "NAMELINK_SKIP in install(TARGETS …)",
        path=paths[0],
    )


def _explain_variants(soname: str, paths: Sequence[str]) -> Finding:
    return Finding(
        f"{_list(paths)} differ, but have the same SONAME {soname}; a process that has loaded one "
        "of them uses it where another is needed",
        hint="give each library a name of its own with OUTPUT_NAME in CMake",
        path=paths[0],
    )


def _list(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_PATHS
    if more > 0:
        return f"{', '.join(paths[:_MOST_PATHS])} and {more} more"
    return f"{', '.join(paths[:-1])} and {paths[-1]}"
