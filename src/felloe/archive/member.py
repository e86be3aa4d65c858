"""The members of a wheel, read only when asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Union

from felloe.errors import MalformedArchive

Buffer = Union[bytes, memoryview]

STORED = 0
DEFLATED = 8

_RAW_DEFLATE = -15  # window size as zlib wants it for a stream without a header
_HEAD_INPUT = 1 << 12
_CHUNK = 1 << 20


class Packed(NamedTuple):
    """A member's content as it lies in a zip file: deflated, with its CRC-32."""

    data: Buffer
    crc: int


class Content(Protocol):
    """Where a member's bytes come from."""

    def head(self, size: int) -> bytes:
        """The first bytes, at most ``size``."""

    def read(self) -> Buffer:
        """All bytes."""

    def chunks(self) -> Iterator[Buffer]:
        """All bytes, a bounded part at a time."""

    def packed(self) -> Packed | None:
        """The bytes as already deflated, None if they are not."""


@dataclass(frozen=True)
class Member:
    """One file of a wheel: where it goes, how big it is, whether it can be run."""

    name: str
    size: int
    executable: bool
    content: Content

    def head(self, size: int) -> bytes:
        return self.content.head(size)

    def read(self) -> Buffer:
        return self.content.read()

    def chunks(self) -> Iterator[Buffer]:
        return self.content.chunks()

    def packed(self) -> Packed | None:
        return self.content.packed()


@dataclass(frozen=True)
class Held:
    """Bytes in memory."""

    data: bytes

    def head(self, size: int) -> bytes:
        return self.data[:size]

    def read(self) -> bytes:
        return self.data

    def chunks(self) -> Iterator[Buffer]:
        yield self.data

    def packed(self) -> None:
        return None


def hold(name: str, data: bytes) -> Member:
    """A member made here."""
    return Member(name, len(data), executable=False, content=Held(data))


@dataclass(frozen=True)
class Zipped:
    """A range of a mapped zip file."""

    raw: memoryview
    """The bytes as stored in the archive."""
    name: str
    """For messages."""
    size: int
    crc: int
    method: int

    def head(self, size: int) -> bytes:
        if self.method == STORED:
            return bytes(self.raw[:size])
        try:
            return zlib.decompressobj(_RAW_DEFLATE).decompress(self.raw[:_HEAD_INPUT], size)
        except zlib.error as cause:
            raise MalformedArchive(f"{self.name}: not a deflated stream ({cause})") from cause

    def read(self) -> Buffer:
        if self.method == STORED:
            return self.raw
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[Buffer]:
        """All bytes, checked on the way against the stated size and CRC-32."""
        size = crc = 0
        for chunk in self._unpacked():
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            if size > self.size:
                break
            yield chunk
        if (size, crc) != (self.size, self.crc):
            raise MalformedArchive(f"{self.name} differs from its stated size or CRC-32")

    def _unpacked(self) -> Iterator[Buffer]:
        if self.method == STORED:
            yield from (self.raw[at : at + _CHUNK] for at in range(0, len(self.raw), _CHUNK))
            return
        stream = zlib.decompressobj(_RAW_DEFLATE)
        source: Buffer = self.raw
        try:
            while not stream.eof:
                chunk = stream.decompress(source, _CHUNK)
                source = stream.unconsumed_tail
                if not chunk and not source:
                    return
                yield chunk
        except zlib.error as cause:
            raise MalformedArchive(f"{self.name}: not a deflated stream ({cause})") from cause

    def packed(self) -> Packed | None:
        # An engine that stores, or deflates at level 0, leaves the work to do.
        if self.method == DEFLATED and len(self.raw) < self.size:
            return Packed(self.raw, self.crc)
        return None
