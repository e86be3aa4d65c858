"""Read a wheel file without trusting it.

Sources: PKWARE's APPNOTE for zip files, PEP 427 for wheels. Nothing is
unpacked: members are ranges of the open file.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from felloe.errors import MalformedArchive, UsageError
from felloe.wheel.content import DEFLATED, STORED, Deflated, Stored
from felloe.wheel.member import Member
from felloe.wheel.member_name import check_file_tree, check_member_name
from felloe.wheel.project_name import escape_name, is_same_version
from felloe.wheel.size_limit import MOST_TEXT, check_proportion
from felloe.wheel.source import Region, Source
from felloe.wheel.tags import WheelName, parse_wheel_name

_LOCAL_HEADER = struct.Struct("<4s5HIIIHH")
_LOCAL_MAGIC = b"PK\x03\x04"
_END = struct.Struct("<4s4HIIH")
_END_MAGIC = b"PK\x05\x06"
_IN_EXTRA = 0xFFFFFFFF
_SIZES_FOLLOW = 0x8
_ENCRYPTED = 0x1
_UTF8 = 0x800
_TEXTS = ("METADATA", "WHEEL", "entry_points.txt", "felloe.json")
_MOST_ROW = 200
"""Bytes of a line of RECORD apart from its path, which quoting may double."""


@dataclass(frozen=True)
class StagedWheel:
    """A wheel as a set of members. ``RECORD`` is not one of them: it is derived from them."""

    name: WheelName
    dist_info: str
    """The directory's name in the archive."""
    members: tuple[Member, ...]
    record: Member | None = None
    """RECORD as it was found."""
    source: Source | None = None
    """The open file that members are read from."""

    def close(self) -> None:
        """Release the file that the members are read from, so that it can be replaced."""
        if self.source is not None:
            self.source.close()

    def find(self, name: str) -> Member | None:
        """Return the member of this path, if there is one."""
        return next((member for member in self.members if member.name == name), None)

    def metadata(self, name: str) -> bytes:
        """Return a file of the ``.dist-info`` directory. Raises :class:`MalformedArchive`."""
        member = self.find(f"{self.dist_info}/{name}")
        if member is None:
            raise MalformedArchive(f"{self.name.filename} has no {self.dist_info}/{name}")
        return bytes(member.read())


@contextmanager
def open_wheel(path: Path) -> Iterator[StagedWheel]:
    """Open a wheel file. Its members can be read inside the ``with`` block.

    Raises :class:`MalformedArchive` for whatever an index or an installer
    would refuse, or read in two ways: duplicate or escaping names, links,
    encryption, overlapping members, headers that contradict each other,
    contents out of proportion to their packed size, metadata of megabytes.
    """
    name = parse_wheel_name(path.name)
    with _open(path) as source:
        try:
            members = tuple(_members(source))
        except MalformedArchive as cause:
            raise MalformedArchive(f"{path.name}: {cause.message}", hint=cause.hint) from cause
        dist_info = _find_dist_info(path, name, members)
        _check_texts(path, dist_info, members)
        record = next((m for m in members if m.name == f"{dist_info}/RECORD"), None)
        others = tuple(member for member in members if member is not record)
        yield StagedWheel(name, dist_info, others, record, source)


@contextmanager
def _open(path: Path) -> Iterator[Source]:
    try:
        source = Source(path)
    except OSError as cause:
        raise UsageError(f"{path} cannot be read: {cause.strerror}") from cause
    try:
        if not source.size:
            raise MalformedArchive(f"{path.name} is empty")
        yield source
    finally:
        source.close()


def _members(source: Source) -> Iterator[Member]:
    listed = _directory(source.path)
    _check_ends(source, listed)
    entries = [entry for entry in listed if not entry.is_dir()]
    check_proportion(sum(e.compress_size for e in entries), sum(e.file_size for e in entries))
    check_file_tree({entry.filename for entry in entries})
    seen: set[str] = set()
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        check_member_name(entry.filename)
        if entry.filename in seen:
            raise MalformedArchive(f"two members are named {entry.filename!r}")
        seen.add(entry.filename)
        _check_entry(entry)
        if entry.header_offset < end:
            raise MalformedArchive(f"{entry.filename} overlaps the member before it")
        start = _data_offset(source, entry)
        end = start + entry.compress_size
        if end > source.size:
            raise MalformedArchive(f"{entry.filename} reaches beyond the end of the file")
        region = Region(source, start, entry.compress_size)
        executable = bool(entry.external_attr >> 16 & 0o111)
        yield Member(entry.filename, entry.file_size, executable, _content(entry, region))


def _content(entry: zipfile.ZipInfo, region: Region) -> Stored | Deflated:
    if entry.compress_type == STORED:
        return Stored(region, entry.filename, entry.CRC)
    return Deflated(region, entry.filename, entry.file_size, entry.CRC)


def _directory(path: Path) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as cause:
        if not has_zip_end(path):
            raise MalformedArchive(
                "not a zip file, or only a part of one", hint="build or download it again"
            ) from cause
        raise MalformedArchive(f"not a zip file: {cause}") from cause
    if any(not entry.filename for entry in entries):  # ZipInfo.is_dir() fails on it
        raise MalformedArchive("a member has no name")
    return entries


def has_zip_end(path: Path) -> bool:
    """Return whether a file ends like a zip file, even a broken one. Raise :class:`OSError`."""
    # zipfile.is_zipfile() differs between Python versions for archives on several disks.
    with path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - (_END.size + 0xFFFF), 0))
        end = file.read(_END.size + 0xFFFF)
    start = end.rfind(_END_MAGIC)
    if not 0 <= start <= len(end) - _END.size:
        return False
    comment = int.from_bytes(end[start + _END.size - 2 : start + _END.size], "little")
    return start + _END.size + comment <= len(end)


def _check_ends(source: Source, entries: list[zipfile.ZipInfo]) -> None:
    """Check that nothing precedes the first member or follows the end record and its comment."""
    if min((entry.header_offset for entry in entries), default=0) > 0:
        raise MalformedArchive("there are bytes before its first member")
    tail = source.read(max(0, source.size - _END.size - 0xFFFF), source.size)
    at = tail.rfind(_END_MAGIC)
    size = len(tail) - at
    if at < 0 or size < _END.size or _END.unpack_from(tail, at)[-1] != size - _END.size:
        raise MalformedArchive("there are bytes after its end record")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.orig_filename.encode("utf-8", "surrogatepass") != entry.filename.encode(
        "utf-8", "surrogatepass"
    ):
        raise MalformedArchive(f"{entry.orig_filename!r} is not a member's name")
    if not entry.flag_bits & _UTF8 and not entry.filename.isascii():
        raise MalformedArchive(f"the name {entry.filename!r} is not UTF-8")
    if entry.flag_bits & _ENCRYPTED:
        raise MalformedArchive(f"{entry.filename} is encrypted")
    if entry.compress_type not in (STORED, DEFLATED):
        raise MalformedArchive(f"{entry.filename} uses compression method {entry.compress_type}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise MalformedArchive(
            f"{entry.filename} is a symbolic link, which a wheel cannot hold",
            hint="install the file it points to",
        )
    if entry.compress_type == STORED and entry.compress_size != entry.file_size:
        raise MalformedArchive(f"{entry.filename} is stored uncompressed but its sizes differ")


def _data_offset(source: Source, entry: zipfile.ZipInfo) -> int:
    """Return the start of the content. The local header must agree with the directory."""
    at = entry.header_offset
    if at + _LOCAL_HEADER.size > source.size:
        raise MalformedArchive(f"{entry.filename} reaches beyond the end of the file")
    head = _LOCAL_HEADER.unpack(source.view(at, at + _LOCAL_HEADER.size))
    magic, _, flags, method, _, _, crc, packed, size, name_size, extra_size = head
    name_at = at + _LOCAL_HEADER.size
    encoding = "utf-8" if flags & _UTF8 else "ascii"
    name = bytes(source.view(name_at, name_at + name_size)).decode(encoding, "backslashreplace")
    facts = [(magic, _LOCAL_MAGIC), (name, entry.filename), (method, entry.compress_type)]
    facts.append((flags & _ENCRYPTED, entry.flag_bits & _ENCRYPTED))
    if not flags & _SIZES_FOLLOW:
        facts += [(crc, entry.CRC)]
        sizes = ((packed, entry.compress_size), (size, entry.file_size))
        facts += [(local, listed) for local, listed in sizes if local != _IN_EXTRA]
    if any(local != listed for local, listed in facts):
        raise MalformedArchive(f"the two headers of {entry.filename} contradict each other")
    return int(name_at + name_size + extra_size)


def _find_dist_info(path: Path, name: WheelName, members: tuple[Member, ...]) -> str:
    """Return the only ``.dist-info`` directory, which must be named after the wheel."""
    tops = {m.name.partition("/")[0] for m in members if "/" in m.name}
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(found) != 1:
        listed = ", ".join(found) or "none"
        raise MalformedArchive(f"{path.name} must hold one .dist-info directory, it holds {listed}")
    if not _is_dist_info_of(found[0], name):
        raise MalformedArchive(f"{path.name} holds {found[0]}, not {name.dist_info}")
    return found[0]


def _check_texts(path: Path, dist_info: str, members: tuple[Member, ...]) -> None:
    """Limit the size of files that are read as text. RECORD grows with the number of files."""
    most = {f"{dist_info}/{name}": MOST_TEXT for name in _TEXTS}
    rows = sum(2 * len(member.name.encode()) + _MOST_ROW for member in members)
    most[f"{dist_info}/RECORD"] = rows + MOST_TEXT // 16
    for member in members:
        if member.size > most.get(member.name, member.size):
            raise MalformedArchive(
                f"{path.name}: {member.name} has {member.size} bytes, "
                f"more than the {most[member.name]} that it may have"
            )


def _is_dist_info_of(directory: str, name: WheelName) -> bool:
    if directory == name.dist_info:
        return True
    distribution, _, version = directory[: -len(".dist-info")].rpartition("-")
    return escape_name(distribution) == escape_name(name.distribution) and is_same_version(
        version, name.version
    )
