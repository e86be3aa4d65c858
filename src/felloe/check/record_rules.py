"""RECORD against every byte of the wheel (PEP 376 and 427, "Recording installed projects")."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from felloe.check.rule import Rule, Ruling
from felloe.errors import MalformedArchive

Digest = Callable[[str, str], str]
"""(member, algorithm) -> its hash as RECORD writes it; raises :class:`MalformedArchive`."""

_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_WEAK = ("md5", "sha1", "sha224")  # "sha256 or better" is asked for
_MOST_PATHS = 5
_COLUMNS = 3
_MAKE_AGAIN = (
    "write RECORD again after the last change: `felloe unpack --no-verify`, then `felloe pack`"
)


@dataclass(frozen=True)
class _Row:
    algorithm: str
    digest: str
    size: str


def check_record(
    record: bytes, path: str, sizes: Mapping[str, int], digest: Digest
) -> Iterator[Ruling]:
    """Hold RECORD, found at ``path``, against all other members: name -> bytes.

    Names that are wrong in the same way share a finding.
    """
    try:
        lines = list(csv.reader(io.StringIO(record.decode("utf-8"))))
    except (UnicodeDecodeError, csv.Error) as cause:
        yield Rule.RECORD.problem(f"RECORD cannot be read: {cause}", _MAKE_AGAIN, path)
        return
    if any(len(line) != _COLUMNS for line in lines):
        yield Rule.RECORD.problem("RECORD has a line that is not path,hash,size", _MAKE_AGAIN, path)
        return
    rows = {line[0]: _parse_row(line) for line in lines}
    counts = Counter(line[0] for line in lines)
    twice = sorted(name for name, count in counts.items() if count > 1)
    yield from _grouped("lists {} twice", twice, path)
    exempt = {path, *(path[: -len("RECORD")] + name for name in _SIGNATURES)}
    signed = {name: size for name, size in sizes.items() if name not in exempt}
    yield from _grouped("does not list {}", sorted({*signed, path} - rows.keys()), path)
    extra = sorted(rows.keys() - signed.keys() - exempt)
    yield from _grouped("lists {}, which the wheel does not hold", extra, path)
    shared = {name: row for name, row in rows.items() if name in signed}
    yield from _check_contents(shared, signed, digest, path)


def _parse_row(line: list[str]) -> _Row:
    algorithm, _, digest = line[1].partition("=")
    return _Row(algorithm, digest, line[2])


def _check_contents(
    rows: Mapping[str, _Row], sizes: Mapping[str, int], digest: Digest, path: str
) -> Iterator[Ruling]:
    wrong_sizes = [name for name, row in rows.items() if row.size not in ("", str(sizes[name]))]
    yield from _grouped("states a wrong size for {}", sorted(wrong_sizes), path)
    weak = [name for name, row in rows.items() if not _is_strong(row)]
    yield from _grouped("has no hash of {} by sha256 or better", sorted(weak), path)
    strong = {name: row for name, row in sorted(rows.items()) if _is_strong(row)}
    wrong = []
    for name, row in strong.items():
        found = _try(digest, name, row.algorithm)
        if isinstance(found, Ruling):
            yield found
        elif found != row.digest:
            wrong.append(name)
    yield from _grouped("states a wrong hash of {}", wrong, path)


def _try(digest: Digest, name: str, algorithm: str) -> str | Ruling:
    try:
        return digest(name, algorithm)
    except MalformedArchive as cause:
        return Rule.ARCHIVE.problem(cause.message, "build the wheel again", name)


def _is_strong(row: _Row) -> bool:
    known = row.algorithm in hashlib.algorithms_guaranteed
    return known and row.algorithm not in _WEAK and not row.algorithm.startswith("shake")


def _grouped(statement: str, names: Iterable[str], path: str) -> Iterator[Ruling]:
    """One finding about all names, of which a few are spelled out."""
    names = list(names)
    if names:
        more = len(names) - _MOST_PATHS
        listed = ", ".join(names[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
        about = names[0] if len(names) == 1 else path
        yield Rule.RECORD.problem(f"RECORD {statement.format(listed)}", _MAKE_AGAIN, about)
