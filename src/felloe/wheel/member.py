"""The members of a wheel, read only when asked for."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from felloe.errors import MalformedArchive

Buffer = Union[bytes, memoryview]

STORED = 0
DEFLATED = 8

CHUNK = 1 << 20
"""Bytes that are read, inflated or deflated at a time."""

_RAW_DEFLATE = -15  # window size as zlib wants it for a stream without a header
_HEAD_INPUT = 1 << 12


@dataclass(frozen=True)
class Held:
    """Bytes in memory.

    As every content: ``head`` gives its first bytes, ``read`` all of them,
    ``chunks`` all of them a bounded part at a time.
    """

    data: bytes

    def head(self, size: int) -> bytes:
        return self.data[:size]

    def read(self) -> bytes:
        return self.data

    def chunks(self) -> Iterator[Buffer]:
        yield self.data

    def part(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to ``stop``."""
        return self.data[start:stop]


@dataclass(frozen=True)
class Region:
    """A range of a file, two ways: mapped for jumping about in, read for passing through.

    Pages of a mapping that were touched once count as our memory until it is
    closed; what is read in order is therefore not read through it.
    """

    path: Path
    start: int
    view: memoryview

    def part(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to ``stop`` of the region."""
        stop = min(stop, len(self.view))
        with self.path.open("rb") as file:
            file.seek(self.start + start)
            return file.read(stop - start)

    def parts(self) -> Iterator[bytes]:
        """All of it, a chunk at a time."""
        for at in range(0, len(self.view), CHUNK):
            yield self.part(at, at + CHUNK)

    def broken(self, what: str) -> MalformedArchive:
        """The error that says what is wrong in which file."""
        return MalformedArchive(f"{self.path.name}: {what}")


@dataclass(frozen=True)
class Stored:
    """A member that lies in a zip file as it is."""

    region: Region
    name: str = ""
    """For messages."""
    crc: int | None = None
    """None where nothing states it."""

    def head(self, size: int) -> bytes:
        return bytes(self.region.view[:size])

    def read(self) -> memoryview:
        return self.region.view

    def chunks(self) -> Iterator[Buffer]:
        """All bytes, checked on the way against the stated CRC-32."""
        crc = 0
        for chunk in self.region.parts():
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if self.crc not in (None, crc):
            raise self.region.broken(f"{self.name} differs from its stated CRC-32")

    def part(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to ``stop``."""
        return self.region.part(start, stop)


@dataclass(frozen=True)
class Deflated:
    """A member that lies in a zip file deflated."""

    region: Region
    name: str
    """For messages."""
    size: int
    crc: int

    def head(self, size: int) -> bytes:
        stream = zlib.decompressobj(_RAW_DEFLATE)
        try:
            return stream.decompress(self.region.view[:_HEAD_INPUT], size)
        except zlib.error as cause:
            raise self._broken(cause) from cause

    def read(self) -> bytes:
        """All bytes, checked as those of :meth:`chunks`, in one piece."""
        stream = zlib.decompressobj(_RAW_DEFLATE)
        try:
            data = stream.decompress(self.region.view, self.size + 1)
        except zlib.error as cause:
            raise self._broken(cause) from cause
        if stream.unused_data:
            raise self._has_more()
        if (len(data), zlib.crc32(data)) != (self.size, self.crc):
            raise self._differs()
        return data

    def chunks(self) -> Iterator[Buffer]:
        """All bytes, checked on the way against the stated size and CRC-32."""
        size = crc = 0
        for chunk in self._inflated():
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            if size > self.size:
                break
            yield chunk
        if (size, crc) != (self.size, self.crc):
            raise self._differs()

    def _inflated(self) -> Iterator[bytes]:
        stream = zlib.decompressobj(_RAW_DEFLATE)
        try:
            for part in self.region.parts():
                source = part
                while source and not stream.eof:
                    yield stream.decompress(source, CHUNK)
                    source = stream.unconsumed_tail
                if stream.eof and (source or stream.unused_data):
                    raise self._has_more()
            yield stream.flush()
        except zlib.error as cause:
            raise self._broken(cause) from cause

    def _broken(self, cause: zlib.error) -> MalformedArchive:
        return self.region.broken(f"{self.name} is not a deflated stream ({cause})")

    def _has_more(self) -> MalformedArchive:
        return self.region.broken(f"{self.name} has bytes after its deflated stream")

    def _differs(self) -> MalformedArchive:
        return self.region.broken(f"{self.name} differs from its stated size or CRC-32")

    @property
    def packed_size(self) -> int:
        """Bytes of the deflated stream."""
        return len(self.region.view)

    def packed(self) -> Iterator[bytes]:
        """The deflated stream, a chunk at a time."""
        return self.region.parts()


Plain = Union[Held, Stored]
"""Content that can be read from the middle."""


@dataclass(frozen=True)
class Member:
    """One file of a wheel: where it goes, how big it is, whether it can be run."""

    name: str
    size: int
    executable: bool
    content: Held | Stored | Deflated

    def head(self, size: int) -> bytes:
        return self.content.head(size)

    def read(self) -> Buffer:
        return self.content.read()

    def whole(self) -> bytes:
        """All bytes, held against what the archive states of them: a copy that can be changed."""
        return b"".join(self.content.chunks())


def hold(name: str, data: bytes) -> Member:
    """A member made here."""
    return Member(name, len(data), executable=False, content=Held(data))


def store(path: Path) -> Stored:
    """The content of a file that stays where it is as long as it is used."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Stored(Region(path, 0, memoryview(mapped)))
