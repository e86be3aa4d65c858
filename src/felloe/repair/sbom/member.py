"""The SBOM of a wheel as a member of it (PEP 770), through all repairs of the wheel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from felloe import __version__, terminal
from felloe.finding import Finding
from felloe.repair.external import Graft
from felloe.repair.sbom.document import Component, parse_components, render_sbom
from felloe.repair.sbom.package import find_owners
from felloe.wheel.digest import hash_chunks
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel

_MOST_BYTES = 1 << 22
"""Of an earlier SBOM: some thousand components."""


def make_sbom(
    staged: StagedWheel,
    grafts: Sequence[Graft],
    fresh: Iterable[Member],
    environ: Mapping[str, str],
) -> list[Member]:
    """Return the SBOM that lists ``grafts`` and the copies of earlier repairs.

    ``fresh`` are the members that are new or changed. Return no member if the
    SBOM that is there, or its absence, is right.
    """
    path = f"{staged.dist_info}/sboms/felloe.cdx.json"
    digests = {member.name: hash_chunks(member.content.chunks()).hex() for member in fresh}
    earlier = staged.find(path)
    if not grafts and (earlier is None or not digests):
        return []
    owners = find_owners([Path(item.external.path) for item in grafts], environ)
    components = {
        item.member: Component(
            path=item.member,
            soname=item.external.soname,
            original_sha256=item.external.digest,
            sha256=digests[item.member],
        ).with_package(owners.get(Path(item.external.path)))
        for item in grafts
    }
    names = {member.name for member in staged.members}
    for component in _read_earlier(earlier):
        if component.path in names and component.path not in components:
            digest = digests.get(component.path, component.sha256)
            components[component.path] = replace(component, sha256=digest)
    name = staged.name
    text = render_sbom(name.distribution, name.version, __version__, components.values())
    return [Member.from_bytes(path, text)]


def _read_earlier(member: Member | None) -> Sequence[Component]:
    if member is None:
        return ()
    if member.size > _MOST_BYTES:
        terminal.report_warning(
            Finding(
                f"{member.name} is ignored: it has {member.size} bytes, more than an SBOM needs"
            )
        )
        return ()
    return parse_components(bytes(member.read()))
