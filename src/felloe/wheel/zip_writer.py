"""Write a zip file that every strict reader accepts.

Sizes and checksums stand in the local headers (no data descriptors, which
PyPI refuses), nothing precedes, follows or lies between the members, and equal
members give equal bytes. Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import stat
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from felloe.wheel.content import DEFLATED, STORED
from felloe.wheel.member import Member
from felloe.wheel.packing import Digest, Piece, pack

_LIMIT = 0xFFFFFFFF
_LOCAL = struct.Struct("<4s5HIIIHH")
_CENTRAL = struct.Struct("<4s6HIIIHHHHHII")
_END = struct.Struct("<4s4HIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")
_VERSION = 20
_VERSION64 = 45
_UNIX = 3 << 8
_UTF8 = 0x800


@dataclass(frozen=True)
class Written:
    """A member as it was written."""

    member: Member
    digest: Digest
    offset: int
    packed_size: int
    method: int


class ZipWriter:
    """Appends members to ``file``, which must be empty, seekable and binary.

    ``epoch`` (seconds since 1970, UTC) is every member's time of change.
    """

    def __init__(self, file: BinaryIO, epoch: int) -> None:
        self._file = file
        self._stamp = dos_time(epoch)
        self._written: list[Written] = []

    def add(self, members: Iterable[Member]) -> list[Written]:
        """Write members in the given order and return their positions."""
        before = len(self._written)
        offset = packed_size = 0
        for piece in pack(members):
            if piece.is_first:
                offset, packed_size = self._file.tell(), 0
                self._file.write(self._local_header(piece.member, None, 0))
            packed_size += self._file.write(piece.data.result())
            if piece.is_last:
                self._finish(piece, offset, packed_size)
        return self._written[before:]

    def close(self) -> None:
        """Write the central directory. The file itself stays open."""
        start = self._file.tell()
        for written in self._written:
            self._file.write(self._central_header(written))
        self._write_end(start, self._file.tell() - start)

    def _finish(self, piece: Piece, offset: int, packed_size: int) -> None:
        """Complete the local header when size and checksum are known."""
        digest = piece.digest.result()
        end = self._file.tell()
        self._file.seek(offset)
        self._file.write(self._local_header(piece.member, digest, packed_size))
        self._file.seek(end)
        method = _method(piece.member)
        self._written.append(Written(piece.member, digest, offset, packed_size, method))

    def _local_header(self, member: Member, digest: Digest | None, packed_size: int) -> bytes:
        name, flags = _encoded(member.name)
        crc = digest.crc if digest else 0
        sizes, extra = (packed_size, member.size), b""
        if _is_large(member):
            extra = struct.pack("<HHQQ", 1, 16, member.size, packed_size)
            sizes = (_LIMIT, _LIMIT)
        version = _VERSION64 if extra else _VERSION
        head = (b"PK\x03\x04", version, flags, _method(member), *self._stamp, crc, *sizes)
        return _LOCAL.pack(*head, len(name), len(extra)) + name + extra

    def _central_header(self, written: Written) -> bytes:
        member, offset = written.member, written.offset
        name, flags = _encoded(member.name)
        large: list[int] = []
        sizes = (written.packed_size, member.size)
        if _is_large(member):
            large += [member.size, written.packed_size]
            sizes = (_LIMIT, _LIMIT)
        if offset >= _LIMIT:
            large.append(offset)
            offset = _LIMIT
        extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        version = _VERSION64 if large else _VERSION
        mode = stat.S_IFREG | (0o755 if member.executable else 0o644)
        head = (b"PK\x01\x02", _UNIX | version, version, flags, written.method, *self._stamp)
        numbers = (written.digest.crc, *sizes, len(name), len(extra), 0, 0, 0, mode << 16, offset)
        return _CENTRAL.pack(*head, *numbers) + name + extra

    def _write_end(self, start: int, size: int) -> None:
        count = len(self._written)
        if count > 0xFFFF - 1 or start + size >= _LIMIT:
            at = start + size
            versions = (_UNIX | _VERSION64, _VERSION64)
            self._file.write(
                _END64.pack(b"PK\x06\x06", 44, *versions, 0, 0, count, count, size, start)
            )
            self._file.write(_LOCATOR64.pack(b"PK\x06\x07", 0, at, 1))
        short = min(count, 0xFFFF)
        ends = (min(size, _LIMIT), min(start, _LIMIT))
        self._file.write(_END.pack(b"PK\x05\x06", 0, 0, short, short, *ends, 0))


def dos_time(epoch: int) -> tuple[int, int]:
    """Return (time, date) of a zip header, clamped to the years 1980 to 2107."""
    moment = time.gmtime(min(max(epoch, 315532800), 4354819198))
    return (
        moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2,
        (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday,
    )


def _method(member: Member) -> int:
    return DEFLATED if member.size else STORED


def _is_large(member: Member) -> bool:
    """Return whether the sizes may need ZIP64. Deflate may enlarge data a little."""
    return member.size + member.size // 1000 + 1024 >= _LIMIT


def _encoded(name: str) -> tuple[bytes, int]:
    return (name.encode(), 0 if name.isascii() else _UTF8)
