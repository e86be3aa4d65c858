"""Contents of a wheel's members, read only on request."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Union

from felloe.errors import MalformedArchive
from felloe.wheel.source import Region, view_file

Buffer = Union[bytes, memoryview]

STORED = 0
DEFLATED = 8

CHUNK = 1 << 20
"""Bytes that are read, inflated or deflated at a time."""

_RAW_DEFLATE = -15  # window size that zlib expects for a stream without a header
_HEAD_INPUT = 1 << 12


class Content(Protocol):
    """The bytes of a member."""

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes."""

    def read(self) -> Buffer:
        """Return all bytes. Do not keep a view."""

    def chunks(self) -> Iterator[Buffer]:
        """Yield all bytes in parts of limited size, checked against what the archive states."""


@dataclass(frozen=True)
class InMemory:
    """Bytes in memory."""

    data: bytes

    def head(self, size: int) -> bytes:
        return self.data[:size]

    def read(self) -> bytes:
        return self.data

    def chunks(self) -> Iterator[Buffer]:
        yield self.data

    def part(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` to ``stop``."""
        return self.data[start:stop]


@dataclass(frozen=True)
class OnDisk:
    """A file outside of any archive. It is open only while it is read."""

    path: Path
    size: int

    def head(self, size: int) -> bytes:
        return self.part(0, size)

    def read(self) -> Buffer:
        return view_file(self.path) if self.size else b""

    def chunks(self) -> Iterator[Buffer]:
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def part(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` to ``stop``."""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)


@dataclass(frozen=True)
class Stored:
    """A member that a zip file holds uncompressed."""

    region: Region
    name: str
    """For messages."""
    crc: int

    def head(self, size: int) -> bytes:
        return bytes(self.region.view(size))

    def read(self) -> memoryview:
        return self.region.view()

    def chunks(self) -> Iterator[Buffer]:
        """Yield all bytes, checked against the stated CRC-32."""
        crc = 0
        for chunk in _parts(self.region):
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if self.crc != crc:
            raise self.region.make_error(f"{self.name} differs from its stated CRC-32")

    def part(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` to ``stop``."""
        return self.region.part(start, stop)


@dataclass(frozen=True)
class Deflated:
    """A member that a zip file holds deflated."""

    region: Region
    name: str
    """For messages."""
    size: int
    crc: int

    def head(self, size: int) -> bytes:
        stream = zlib.decompressobj(_RAW_DEFLATE)
        try:
            return stream.decompress(self.region.view(_HEAD_INPUT), size)
        except zlib.error as cause:
            raise self._not_deflated(cause) from cause

    def read(self) -> bytes:
        """Return all bytes in one piece, checked as :meth:`chunks` checks them."""
        stream = zlib.decompressobj(_RAW_DEFLATE)
        try:
            data = stream.decompress(self.region.view(), self.size + 1)
        except zlib.error as cause:
            raise self._not_deflated(cause) from cause
        if stream.unused_data:
            raise self._has_more()
        if (len(data), zlib.crc32(data)) != (self.size, self.crc):
            raise self._differs()
        return data

    def chunks(self) -> Iterator[Buffer]:
        """Yield all bytes, checked against the stated size and CRC-32."""
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
            for part in self.packed():
                source = part
                while source and not stream.eof:
                    yield stream.decompress(source, CHUNK)
                    source = stream.unconsumed_tail
                if stream.eof and (source or stream.unused_data):
                    raise self._has_more()
            yield stream.flush()
        except zlib.error as cause:
            raise self._not_deflated(cause) from cause

    def _not_deflated(self, cause: zlib.error) -> MalformedArchive:
        return self.region.make_error(f"{self.name} is not a deflated stream ({cause})")

    def _has_more(self) -> MalformedArchive:
        return self.region.make_error(f"{self.name} has bytes after its deflated stream")

    def _differs(self) -> MalformedArchive:
        return self.region.make_error(f"{self.name} differs from its stated size or CRC-32")

    @property
    def packed_size(self) -> int:
        """Bytes of the deflated stream."""
        return self.region.size

    def packed(self) -> Iterator[bytes]:
        """Yield the deflated stream in chunks."""
        return _parts(self.region)


def _parts(region: Region) -> Iterator[bytes]:
    for at in range(0, region.size, CHUNK):
        yield region.part(at, at + CHUNK)


Plain = Union[InMemory, OnDisk, Stored]
"""Content that can be read from the middle."""
