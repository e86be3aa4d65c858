"""Wheels made by hand under any tag, and what felloe says of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Union

from felloe.audit.evidence import audit_members
from felloe.audit.policy.family import read_policies
from felloe.audit.verdict import Verdict, judge
from felloe.wheel.reader import open_wheel
from felloe.wheel.tags import parse_wheel_name
from support.compiled_samples import Specimen, Workshop

Content = Union[Specimen, bytes, str]

POLICIES = read_policies()

_METADATA = "Metadata-Version: 2.1\nName: truth\nVersion: 1.0\n"


def make_wheel(directory: Path, tag: str, files: Mapping[str, Content], workshop: Workshop) -> Path:
    """Write ``truth-1.0-<tag>.whl``: valid in all but what its tag claims."""
    path = directory / f"truth-1.0-{tag}.whl"
    info = "truth-1.0.dist-info"
    name = parse_wheel_name(path.name)
    pure = str(name.platforms == ("any",)).lower()
    lines = "".join(f"Tag: {triple}\n" for triple in name.triples())
    wheel = f"Wheel-Version: 1.0\nGenerator: felloe\nRoot-Is-Purelib: {pure}\n{lines}"
    members = {key: _bytes(value, workshop) for key, value in files.items()}
    members[f"{info}/METADATA"] = _METADATA.encode()
    members.setdefault(f"{info}/WHEEL", wheel.encode())
    members[f"{info}/RECORD"] = _render_record(members, f"{info}/RECORD")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return path


def _bytes(content: Content, workshop: Workshop) -> bytes:
    if isinstance(content, Specimen):
        return workshop.build(content)
    return content.encode() if isinstance(content, str) else content


def _render_record(members: Mapping[str, bytes], record: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(data)))
    writer.writerow((record, "", ""))
    return text.getvalue().encode()


def verdict_of(wheel: Path) -> Verdict:
    """What ``felloe audit`` thinks of a wheel, as a value."""
    with open_wheel(wheel) as staged:
        musl = any(platform.startswith("musl") for platform in staged.name.platforms)
        libc = "musl" if musl else "glibc"
        evidence = audit_members(staged.members, POLICIES, libc)
        return judge(evidence, staged.name, libc, POLICIES)
