"""``WHEEL``, the file with the tags of a wheel (PEP 427)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from felloe.wheel.header import get_field, parse_headers
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import WheelName


@dataclass(frozen=True)
class WheelFile:
    """The fields as they are written; empty where one is missing."""

    version: str
    generator: str
    root_is_purelib: str
    """``true`` or ``false``, in lower case."""
    tags: tuple[str, ...]
    build: str

    @property
    def is_purelib(self) -> bool:
        """True if installers put the files of the wheel into purelib."""
        return self.root_is_purelib == "true"


def parse_wheel_file(data: bytes) -> WheelFile:
    """Read the text of ``WHEEL``."""
    fields = parse_headers(data)
    return WheelFile(
        version=get_field(fields, "Wheel-Version"),
        generator=get_field(fields, "Generator"),
        root_is_purelib=get_field(fields, "Root-Is-Purelib").lower(),
        tags=tuple(str(tag).strip() for tag in fields.get_all("Tag", [])),
        build=get_field(fields, "Build"),
    )


def render_wheel_file(name: WheelName, *, generator: str, is_purelib: bool) -> bytes:
    """Write the text of ``WHEEL``, with a ``Tag`` line for every triple of the name."""
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {generator}",
        f"Root-Is-Purelib: {str(is_purelib).lower()}",
        *(f"Tag: {triple}" for triple in name.triples()),
    ]
    if name.build:
        lines.append(f"Build: {name.build}")
    return ("\n".join(lines) + "\n").encode()


def retag(
    staged: StagedWheel, name: WheelName, *, generator: str = "", has_binaries: bool = False
) -> StagedWheel:
    """Return the wheel under another name, which its ``WHEEL`` repeats.

    ``generator`` replaces the one in ``WHEEL``. Files of a wheel with binaries
    are not installed among pure ones.
    """
    path = f"{staged.dist_info}/WHEEL"
    before = parse_wheel_file(staged.metadata("WHEEL"))
    text = render_wheel_file(
        name,
        generator=generator or before.generator or "unknown",
        is_purelib=before.is_purelib and not has_binaries,
    )
    members = (Member.from_bytes(path, text), *(m for m in staged.members if m.name != path))
    return replace(staged, name=name, members=members)
