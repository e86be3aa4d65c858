"""Compress members into chunks of a zip file, several at once.

Content is deflated in chunks, each primed with the 32 KiB before it, which
together are one stream (RFC 1951; the chunks end on byte boundaries by a sync
flush). Where a chunk ends does not depend on the number of threads, so neither
do the bytes. What lies deflated in another zip file already is carried over.

With the extra felloe[fast], libdeflate does the same in a third of the time, to
a slightly smaller size and so to other bytes; it takes a member whole.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from felloe.wheel.content import CHUNK, Deflated, Plain
from felloe.wheel.member import Member

try:
    import deflate
except ImportError:  # the extra felloe[fast] is not installed
    deflate = None

_Item = TypeVar("_Item")

_LEVEL = 6
_RAW_DEFLATE = -15
_WINDOW = 1 << 15
_MOST_WHOLE = 64 << 20
"""Bytes of the largest member that is held in memory as one piece."""
_AHEAD = 16
"""Pieces compressed at once, which limits memory: 1 MiB each, or whole members with libdeflate."""


class Digest(NamedTuple):
    """Checksums of a member's content."""

    crc: int
    sha256: bytes


class Piece(NamedTuple):
    """A part of a member's packed content, maybe still being compressed."""

    member: Member
    data: Future[bytes]
    digest: Future[Digest]
    is_first: bool
    is_last: bool


def pack(members: Iterable[Member]) -> Iterator[Piece]:
    """Yield the chunks of all members in order. A few are compressed in advance."""
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="deflate") as pool:
        yield from _ahead(piece for member in members for piece in _start(member, pool))


def _start(member: Member, pool: ThreadPoolExecutor) -> Iterator[Piece]:
    content = member.content
    digest = pool.submit(_digest, member)
    if not member.size:
        yield Piece(member, _done(b""), digest, is_first=True, is_last=True)
        return
    if isinstance(content, Deflated):
        size = content.packed_size
        chunks: Iterator[Future[bytes]] = map(_done, content.packed())
    elif deflate is not None and member.size <= _MOST_WHOLE:
        size, chunks = 1, iter([pool.submit(_deflate_whole, content)])
    else:
        size = member.size
        chunks = (pool.submit(_deflate, content, at, size) for at in range(0, size, CHUNK))
    for start, chunk in zip(range(0, size, CHUNK), chunks):
        yield Piece(member, chunk, digest, not start, start + CHUNK >= size)


def _ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """Yield the items in order. Some are drawn before the first is returned."""
    drawn: deque[_Item] = deque()
    for item in items:
        drawn.append(item)
        if len(drawn) >= _AHEAD:
            yield drawn.popleft()
    yield from drawn


def _deflate(content: Plain, start: int, size: int) -> bytes:
    """Return one chunk of a raw deflate stream of ``size`` bytes, after the chunks before it."""
    window = min(start, _WINDOW)
    data = memoryview(content.part(start - window, start + CHUNK))
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE, zdict=data[:window])
    flush = zlib.Z_FINISH if start + CHUNK >= size else zlib.Z_SYNC_FLUSH
    return stream.compress(data[window:]) + stream.flush(flush)


def _deflate_whole(content: Plain) -> bytes:
    """Compress a whole member with libdeflate, which has no chunks."""
    return bytes(deflate.deflate_compress(content.read(), _LEVEL))


def _digest(member: Member) -> Digest:
    crc, sha256 = 0, hashlib.sha256()
    for chunk in member.content.chunks():
        crc = zlib.crc32(chunk, crc)
        sha256.update(chunk)
    return Digest(crc, sha256.digest())


def _done(data: bytes) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_result(data)
    return future
