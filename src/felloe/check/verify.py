"""Check every byte of a wheel against its RECORD."""

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
    """Return all differences between a wheel file and its RECORD.

    Raises :class:`UsageError` for a file that is not a wheel.
    """
    try:
        with open_wheel(path) as staged:
            return list(verify_staged(staged))
    except MalformedArchive as cause:
        return [Rule.ARCHIVE.problem(cause.message, cause.hint or "get the wheel again")]


def verify_staged(staged: StagedWheel) -> Iterator[Ruling]:
    """Yield all differences between an open wheel and its RECORD."""
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
