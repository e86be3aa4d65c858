"""Writing a zip file that every strict reader accepts.

Sizes and checksums stand in the local headers (no data descriptors, which
PyPI refuses), nothing precedes, follows or lies between the members, and equal
members give equal bytes. Content is deflated in chunks, several at once, each
primed with the 32 KiB before it; memory is bounded by the chunks under way.
Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3 (ZIP64); RFC 1951.
"""

from __future__ import annotations

import hashlib
import stat
import struct
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, TypeVar

from felloe.archive.member import DEFLATED, STORED, Buffer, Member

_Item = TypeVar("_Item")

_LEVEL = 6
_RAW_DEFLATE = -15
_WINDOW = 1 << 15
_CHUNK = 1 << 20
_AHEAD = 16
"""Chunks under way at once: the bound on memory, in MiB."""

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


class Digest(NamedTuple):
    """What is known of a member's content once it has been read."""

    crc: int
    sha256: bytes


class _Piece(NamedTuple):
    """A part of a member's packed content, perhaps still being made."""

    member: Member
    data: Future[Buffer]
    digest: Future[Digest]
    is_first: bool
    is_last: bool


@dataclass(frozen=True)
class Written:
    """A member as it now lies in the file."""

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
        """Write members in the order given; answers what was written of them."""
        before = len(self._written)
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="deflate") as pool:
            started = (piece for member in members for piece in _start(member, pool))
            offset = packed_size = 0
            for piece in _ahead(started, _AHEAD):
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

    def _finish(self, piece: _Piece, offset: int, packed_size: int) -> None:
        """Fill in the local header, now that size and checksum are known."""
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
    """(time, date) as a zip header holds them; clamped to the years 1980 to 2107."""
    moment = time.gmtime(min(max(epoch, 315532800), 4354819198))
    return (
        moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2,
        (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday,
    )


def _start(member: Member, pool: ThreadPoolExecutor) -> Iterator[_Piece]:
    """Begin packing a member: its pieces in order, the first at once."""
    packed = member.packed()
    digest = pool.submit(_digest, member)
    if packed is not None:
        yield _Piece(member, _done(packed.data), digest, is_first=True, is_last=True)
        return
    data = memoryview(member.read())
    starts = range(0, max(len(data), 1), _CHUNK)
    for start in starts:
        is_last = start + _CHUNK >= len(data)
        chunk = pool.submit(_deflate, data, start, is_last=is_last)
        yield _Piece(member, chunk, digest, is_first=not start, is_last=is_last)


def _ahead(items: Iterator[_Item], depth: int) -> Iterator[_Item]:
    """The items in order, ``depth`` of them drawn before the first is handed out."""
    drawn: deque[_Item] = deque()
    for item in items:
        drawn.append(item)
        if len(drawn) >= depth:
            yield drawn.popleft()
    yield from drawn


def _deflate(data: memoryview, start: int, *, is_last: bool) -> Buffer:
    """One chunk of a raw deflate stream that continues the chunks before it."""
    if not data:
        return b""
    window = data[max(start - _WINDOW, 0) : start]
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE, zdict=window)
    flush = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
    return stream.compress(data[start : start + _CHUNK]) + stream.flush(flush)


def _digest(member: Member) -> Digest:
    crc, sha256 = 0, hashlib.sha256()
    for chunk in member.chunks():
        crc = zlib.crc32(chunk, crc)
        sha256.update(chunk)
    return Digest(crc, sha256.digest())


def _done(data: Buffer) -> Future[Buffer]:
    future: Future[Buffer] = Future()
    future.set_result(data)
    return future


def _method(member: Member) -> int:
    return DEFLATED if member.size else STORED


def _is_large(member: Member) -> bool:
    """Whether its sizes may need ZIP64; deflate grows what it cannot shrink by a trifle."""
    return member.size + member.size // 1000 + 1024 >= _LIMIT


def _encoded(name: str) -> tuple[bytes, int]:
    return (name.encode(), 0 if name.isascii() else _UTF8)
