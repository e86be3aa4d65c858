"""The story of the list of what was copied into a wheel (PEP 770), through all its repairs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from felloe import __version__
from felloe.repair.external import Graft
from felloe.repair.sbom.document import Component, render_sbom
from felloe.repair.sbom.package import find_owners
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel


def make_bill(
    staged: StagedWheel,
    grafts: Sequence[Graft],
    fresh: Iterable[Member],
    environ: Mapping[str, str],
) -> list[Member]:
    """The list, as a member: ``grafts`` and what an earlier repair has copied.

    ``fresh`` are the members that are new or changed. None if nothing is.
    """
    path = f"{staged.dist_info}/sboms/felloe.cdx.json"
    earlier = staged.find(path)
    digests = {member.name: _sha256(member) for member in fresh}
    if not grafts and (earlier is None or not digests):
        return []
    owners = find_owners([Path(item.external.path) for item in grafts], environ)
    components = [
        Component(
            path=item.member,
            soname=item.external.soname,
            original_sha256=item.external.digest,
            sha256=digests[item.member],
            package=owners.get(Path(item.external.path)),
        )
        for item in grafts
    ]
    text = render_sbom(staged.name.distribution, staged.name.version, __version__, components)
    if earlier is not None:
        names = {member.name for member in staged.members}
        text = _merge(bytes(earlier.read()), json.loads(text), names, digests)
    return [Member.from_bytes(path, text)]


def _merge(
    earlier: bytes, document: dict[str, Any], names: set[str], digests: Mapping[str, str]
) -> bytes:
    """``document`` with the components of an earlier one that the wheel still holds."""
    components = {item["bom-ref"]: item for item in document["components"]}
    for item in _read_components(earlier):
        path = item.get("bom-ref")
        if path in names and path not in components:
            changed = digests.get(path)
            hashes = {"hashes": [{"alg": "SHA-256", "content": changed}]} if changed else {}
            components[path] = {**item, **hashes}
    ordered = sorted(components)
    wheel = document["metadata"]["component"]["bom-ref"]
    document["components"] = [components[path] for path in ordered]
    document["dependencies"] = [
        {"ref": wheel, "dependsOn": ordered},
        *({"ref": path} for path in ordered),
    ]
    return json.dumps(document, indent=2).encode("ascii") + b"\n"


def _read_components(document: bytes) -> list[dict[str, Any]]:
    """The components of a document that may have been written by anybody."""
    try:
        found = json.loads(document)["components"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    items = found if isinstance(found, list) else []
    return [x for x in items if isinstance(x, dict) and isinstance(x.get("bom-ref"), str)]


def _sha256(member: Member) -> str:
    digest = hashlib.sha256()
    for chunk in member.content.chunks():
        digest.update(chunk)
    return digest.hexdigest()
