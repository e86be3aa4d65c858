"""``RECORD`` and ``WHEEL``, the files that a wheel keeps about itself (PEP 427)."""

from __future__ import annotations

import csv
import io
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator

from felloe.wheel.member import Member
from felloe.wheel.tags import WheelName

SIGNATURES = ("RECORD.jws", "RECORD.p7s")  # of the old RECORD; gone with PEP 815
_COLUMNS = 3


def render_record(digests: Iterable[tuple[Member, bytes]], record: str) -> bytes:
    """The lines of RECORD: path, unpadded urlsafe SHA-256, size in bytes.

    ``digests`` are the other members with their SHA-256; ``record`` is its own path.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for member, sha256 in digests:
        digest = urlsafe_b64encode(sha256).rstrip(b"=").decode()
        lines.writerow((member.name, f"sha256={digest}", member.size))
    lines.writerow((record, "", ""))
    return text.getvalue().encode()


def find_record_problem(record: Member | None, members: Iterable[Member]) -> str | None:
    """The first way in which RECORD and the other members disagree on names or sizes."""
    if record is None:
        return "the wheel has no RECORD"
    try:
        rows = list(csv.reader(io.StringIO(bytes(record.read()).decode("utf-8"))))
    except (UnicodeDecodeError, csv.Error) as cause:
        return f"RECORD cannot be read: {cause}"
    if any(len(row) != _COLUMNS for row in rows):
        return "RECORD has a line that is not path,hash,size"
    listed = {path: size for path, _, size in rows}
    if len(listed) != len(rows):
        return "RECORD lists a path twice"
    directory = record.name[: -len("RECORD")]
    signatures = [directory + name for name in SIGNATURES]
    sizes = {member.name: str(member.size) for member in members if member.name not in signatures}
    return next(_disagreements(listed, sizes, {record.name, *signatures}), None)


def _disagreements(
    listed: dict[str, str], sizes: dict[str, str], unsigned: set[str]
) -> Iterator[str]:
    for path in sorted(sizes.keys() - listed.keys()):
        yield f"RECORD does not list {path}"
    for path in sorted(listed.keys() - sizes.keys() - unsigned):
        yield f"RECORD lists {path}, which the wheel does not hold"
    for path in sorted(path for path in sizes if listed[path] not in ("", sizes[path])):
        yield f"RECORD states {listed[path]} bytes for {path}, which has {sizes[path]}"


_PURELIB = re.compile(rb"^Root-Is-Purelib[ \t]*:[ \t]*true[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def is_purelib(wheel_file: bytes) -> bool:
    """Whether ``WHEEL`` sends the files of its wheel to where pure ones go."""
    return _PURELIB.search(wheel_file) is not None


def render_wheel_file(name: WheelName, *, generator: str, is_purelib: bool) -> bytes:
    """The ``WHEEL`` file: one ``Tag`` line for every triple of the name."""
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {generator}",
        f"Root-Is-Purelib: {str(is_purelib).lower()}",
        *(f"Tag: {triple}" for triple in name.triples()),
    ]
    if name.build:
        lines.append(f"Build: {name.build}")
    return ("\n".join(lines) + "\n").encode()
