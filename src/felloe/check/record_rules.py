"""Check RECORD against every byte of the wheel (PEP 376, 427)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from felloe.check.rule import Rule, Ruling
from felloe.errors import MalformedArchive
from felloe.wheel.record import Row, exempt, find_disagreements, group_paths, parse_record

Digest = Callable[[str, str], str]
"""(member, algorithm) -> its hash as RECORD writes it; raises :class:`MalformedArchive`."""

_MAKE_AGAIN = (
    "write RECORD again after the last change: `felloe unpack --no-verify`, then `felloe pack`"
)


def check_record(
    record: bytes, path: str, sizes: Mapping[str, int], digest: Digest
) -> Iterator[Ruling]:
    """Check RECORD, found at ``path``, against all other members: name -> bytes."""
    try:
        rows = parse_record(record)
    except MalformedArchive as cause:
        yield Rule.RECORD.problem(cause.message, _MAKE_AGAIN, path)
        return
    yield from _make_rulings(find_disagreements(rows, path, sizes))
    signed = sizes.keys() - exempt(path)
    shared = {row.path: row for row in rows if row.path in signed}
    weak = (row.path for row in shared.values() if not row.is_strong)
    yield from _make_rulings(group_paths("has no hash of {} by sha256 or better", weak, path))
    yield from _check_hashes((row for row in shared.values() if row.is_strong), digest, path)


def _check_hashes(rows: Iterable[Row], digest: Digest, path: str) -> Iterator[Ruling]:
    wrong = []
    for row in sorted(rows, key=lambda row: row.path):
        problem = _check_hash(row, digest)
        if isinstance(problem, Ruling):
            yield problem
        elif problem:
            wrong.append(row.path)
    yield from _make_rulings(group_paths("states a wrong hash of {}", wrong, path))


def _check_hash(row: Row, digest: Digest) -> Ruling | bool:
    """Return True for a wrong hash, or the ruling about a member that cannot be read."""
    try:
        return digest(row.path, row.algorithm) != row.digest
    except MalformedArchive as cause:
        return Rule.ARCHIVE.problem(cause.message, "build the wheel again", row.path)


def _make_rulings(problems: Iterable[tuple[str, str]]) -> Iterator[Ruling]:
    for message, about in problems:
        yield Rule.RECORD.problem(message, _MAKE_AGAIN, about)
