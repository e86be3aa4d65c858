"""``RECORD``, the list of a wheel's files (PEP 376, 427)."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from felloe.errors import MalformedArchive
from felloe.wheel.member import Member

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Signatures of RECORD, which it does not list. PEP 815 abolishes them."""

_WEAK = ("md5", "sha1", "sha224")  # the specification requires "sha256 or better"
_COLUMNS = 3
_MOST_PATHS = 5


@dataclass(frozen=True)
class Row:
    """A line of RECORD."""

    path: str
    algorithm: str
    digest: str
    size: str

    @property
    def is_strong(self) -> bool:
        """True if the hash is SHA-256 or stronger, as the specification requires."""
        known = self.algorithm in hashlib.algorithms_guaranteed
        return known and self.algorithm not in _WEAK and not self.algorithm.startswith("shake")


def encode_digest(digest: bytes) -> str:
    """Return a hash as RECORD writes it: base64 for URLs, without padding."""
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def render_record(digests: Iterable[tuple[Member, bytes]], record: str) -> bytes:
    """Write the text of RECORD: path, SHA-256, size in bytes.

    ``digests`` are the other members with their SHA-256; ``record`` is its own path.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for member, sha256 in digests:
        lines.writerow((member.name, f"sha256={encode_digest(sha256)}", member.size))
    lines.writerow((record, "", ""))
    return text.getvalue().encode()


def parse_record(data: bytes) -> tuple[Row, ...]:
    """Read the text of RECORD. Raises :class:`MalformedArchive`."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8"))))
    except (UnicodeDecodeError, csv.Error) as cause:
        raise MalformedArchive(f"RECORD cannot be read: {cause}") from cause
    if any(len(line) != _COLUMNS for line in lines):
        raise MalformedArchive("RECORD has a line that is not path,hash,size")
    return tuple(_parse_row(line) for line in lines)


def _parse_row(line: list[str]) -> Row:
    algorithm, _, digest = line[1].partition("=")
    return Row(line[0], algorithm, digest, line[2])


def find_disagreements(
    rows: Iterable[Row], record: str, sizes: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Compare RECORD, found at ``record``, with the members: name -> size.

    Yields (problem, path). Files with the same problem share one.
    """
    rows = list(rows)
    listed = {row.path: row for row in rows}
    signed = {name: sizes[name] for name in sizes.keys() - exempt(record)}
    counts = Counter(row.path for row in rows)
    twice = (name for name, count in counts.items() if count > 1)
    extra = listed.keys() - signed.keys() - exempt(record)
    shared = signed.keys() & listed.keys()
    wrong = (name for name in shared if listed[name].size not in ("", str(signed[name])))
    yield from group_paths("lists {} twice", twice, record)
    yield from group_paths("does not list {}", {*signed, record} - listed.keys(), record)
    yield from group_paths("lists {}, which the wheel does not hold", extra, record)
    yield from group_paths("states a wrong size for {}", wrong, record)


def exempt(record: str) -> frozenset[str]:
    """Return the paths whose hash RECORD does not state."""
    return frozenset((record, *(record[: -len("RECORD")] + name for name in SIGNATURES)))


def group_paths(statement: str, paths: Iterable[str], record: str) -> Iterator[tuple[str, str]]:
    """Yield one problem about all paths, of which a few are spelled out."""
    paths = sorted(paths)
    if paths:
        more = len(paths) - _MOST_PATHS
        listed = ", ".join(paths[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
        yield f"RECORD {statement.format(listed)}", paths[0] if len(paths) == 1 else record


def find_record_problem(record: Member | None, members: Iterable[Member]) -> str | None:
    """Return the first way in which RECORD and the other members disagree on names or sizes."""
    if record is None:
        return "the wheel has no RECORD"
    try:
        rows = parse_record(bytes(record.read()))
    except MalformedArchive as problem:
        return problem.message
    sizes = {member.name: member.size for member in members}
    return next((problem for problem, _ in find_disagreements(rows, record.name, sizes)), None)
