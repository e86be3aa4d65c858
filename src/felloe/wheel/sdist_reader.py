"""Read a source distribution without trusting it."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from felloe.errors import MalformedArchive
from felloe.wheel.sdist_member import SdistMember, describe_member
from felloe.wheel.size_limit import check_proportion, find_room

SUFFIX = ".tar.gz"

# tarfile also raises errors of other types, for numbers beyond 64 bits.
_BROKEN = (
    tarfile.TarError,
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    ValueError,
    OverflowError,
)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Sdist:
    """An open sdist."""

    path: Path
    archive: tarfile.TarFile
    entries: tuple[tarfile.TarInfo, ...]
    """Its members as :mod:`tarfile` describes them, in order."""
    members: tuple[SdistMember, ...]
    """The members in the form that the rules check."""

    @property
    def stem(self) -> str:
        """The file's name without its suffix: the name of the directory inside."""
        return self.path.name[: -len(SUFFIX)]

    def read(self, name: str, limit: int = -1) -> bytes:
        """Return the first ``limit`` bytes of a file, or all; empty if the file is missing."""
        entry = next((item for item in reversed(self.entries) if item.name == name), None)
        file = self.archive.extractfile(entry) if entry is not None and entry.isreg() else None
        return file.read(limit) if file else b""


@contextmanager
def open_sdist(path: Path, *, is_bounded: bool = True) -> Iterator[Sdist]:
    """Open a gzipped tar file, decompressed to its checksum and read to its end.

    ``is_bounded`` refuses an archive that unpacks to far more than its own size.
    Raises :class:`MalformedArchive`.
    """
    with tempfile.TemporaryFile() as plain:
        try:
            _inflate(path, plain, is_bounded=is_bounded)
            with tarfile.open(fileobj=plain, mode="r:") as archive:
                entries = tuple(_forward(archive))
                yield Sdist(path, archive, entries, tuple(map(describe_member, entries)))
        except RecursionError as cause:  # tarfile reads a header that follows a header by a call
            problem = "too many extended headers follow each other"
            raise MalformedArchive(f"{path.name} is not a sound tar file: {problem}") from cause
        except _BROKEN as cause:
            raise MalformedArchive(f"{path.name} is not a gzipped tar file: {cause}") from cause


def _inflate(path: Path, plain: IO[bytes], *, is_bounded: bool) -> None:
    size, packed = 0, path.stat().st_size
    with gzip.open(path) as file:
        while (not is_bounded or size <= find_room(packed)) and (chunk := file.read(_CHUNK)):
            size += plain.write(chunk)
    if is_bounded:
        check_proportion(packed, size)
    plain.seek(0)


def _forward(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members; a negative size sends older tarfiles in circles (CVE-2025-8194)."""
    end = -1
    for member in archive:
        if member.offset <= end or member.size < 0:
            raise tarfile.ReadError(f"{member.name} has a negative size")
        end = member.offset
        yield member
    _check_end(archive)


def _check_end(archive: tarfile.TarFile) -> None:
    """Check for the zeros of the true end: tarfile also ends at a header that it cannot read."""
    file = cast("IO[bytes]", archive.fileobj)
    file.seek(archive.offset)
    if any(file.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError("a member's header is broken, and the rest would be lost")
