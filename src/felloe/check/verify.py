"""The story of a verification: read every byte of a wheel, hold RECORD against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from felloe.check.record_rules import check_record
from felloe.check.rule import Rule, Ruling
from felloe.errors import MalformedArchive
from felloe.wheel.digest import hash_chunks
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.record import encode_digest


def verify_wheel(path: Path) -> list[Ruling]:
    """All ways in which a wheel file is not what its RECORD says.

    Raises :class:`UsageError` for a file that is no wheel.
    """
    try:
        with open_wheel(path) as staged:
            return list(verify_staged(staged))
    except MalformedArchive as cause:
        return [Rule.ARCHIVE.problem(cause.message, cause.hint or "get the wheel again")]


def verify_staged(staged: StagedWheel) -> Iterator[Ruling]:
    """The same of an open wheel."""
    if staged.record is None:
        yield Rule.RECORD.problem(
            "the wheel has no RECORD", "unpack it with --no-verify and pack it again"
        )
        return
    members = {member.name: member for member in (*staged.members, staged.record)}
    data, path = bytes(staged.record.read()), staged.record.name
    sizes = {name: member.size for name, member in members.items()}
    yield from check_record(data, path, sizes, lambda name, by: _digest(members[name], by))


def _digest(member: Member, algorithm: str) -> str:
    return encode_digest(hash_chunks(member.content.chunks(), algorithm))
