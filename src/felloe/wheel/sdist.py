"""Checking and normalizing a source distribution.

What an sdist must be: PEP 625 (its name), 643 (``PKG-INFO``), 639 (licence
files), 721 (members that unpack safely) and the packaging user guide's
"Source distribution format".
"""

from __future__ import annotations

import gzip
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from posixpath import dirname
from typing import IO, BinaryIO, cast

from felloe.errors import MalformedArchive
from felloe.wheel.atomic_write import placing
from felloe.wheel.member_name import check_member_name

# Numbers beyond 64 bits leave tarfile as the errors of the calls they break.
_BROKEN = (
    tarfile.TarError,
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    ValueError,
    OverflowError,
)
_LATEST = 0xFFFFFFFF  # what a gzip header can say (RFC 1952)
_NAME = re.compile(r"(?P<name>[a-z0-9]+(_[a-z0-9]+)*)-(?P<version>[^-]+)\.tar\.gz")


def finish_sdist(source: Path, directory: Path, epoch: int) -> Path:
    """Write the sdist ``source`` to ``directory``, checked and byte for byte reproducible.

    Of members that share a name the last is kept, which is what unpacking
    would leave. Raises :class:`MalformedArchive` with what is wrong.
    """
    if not _NAME.fullmatch(source.name):
        raise MalformedArchive(f"{source.name!r} is not an sdist's name (PEP 625)")
    with tempfile.TemporaryFile() as plain:
        try:
            with gzip.open(source) as packed:
                shutil.copyfileobj(packed, plain)
            plain.seek(0)
            with tarfile.open(fileobj=plain, mode="r:") as archive:
                return _write(archive, directory / source.name, epoch)
        except _BROKEN as cause:
            raise MalformedArchive(f"{source.name} is not a gzipped tar file: {cause}") from cause


def _write(archive: tarfile.TarFile, path: Path, epoch: int) -> Path:
    members = {member.name: member for member in _forward(archive)}
    root = path.name[: -len(".tar.gz")]
    problems = [*_member_problems(members, root), *_metadata_problems(archive, members, path)]
    if problems:
        raise MalformedArchive(f"{path.name}: " + "; ".join(problems))
    with (
        placing(path) as (file, _),
        _gzip(file, epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as output,
    ):
        for name in sorted(members):
            output.addfile(_normalize(members[name], epoch), _content(archive, members[name]))
    return path


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    # A link has none of its own; tarfile would follow it, perhaps in a circle.
    return archive.extractfile(member) if member.isreg() else None


def _forward(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members; a size below zero sends older tarfiles in circles (CVE-2025-8194)."""
    end = -1
    for member in archive:
        if member.offset <= end or member.size < 0:
            raise tarfile.ReadError(f"{member.name} has a negative size")
        end = member.offset
        yield member
    _check_end(archive)


def _check_end(archive: tarfile.TarFile) -> None:
    """Tarfile ends at a header that it cannot read as it does at the zeros of the true end."""
    file = cast("IO[bytes]", archive.fileobj)
    file.seek(archive.offset)
    if any(file.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError("a member's header is broken, and it and all behind would be lost")


def _gzip(file: BinaryIO, epoch: int) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=min(max(epoch, 0), _LATEST))


def _normalize(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """The same file, owned by nobody, changed at ``epoch``, with one of two modes."""
    plain = tarfile.TarInfo(member.name)
    plain.type, plain.size, plain.linkname = member.type, member.size, member.linkname
    plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    plain.mtime = max(epoch, 0)
    return plain


def _member_problems(members: dict[str, tarfile.TarInfo], root: str) -> Iterator[str]:
    for name, member in members.items():
        try:
            check_member_name(name)
        except MalformedArchive as cause:
            yield cause.message
        if name.partition("/")[0] != root:
            yield f"{name} lies outside the one directory {root}"
        if member.issym():
            if _leads_out(member, members):
                yield f"the link {name} leads out of the tree, to {member.linkname}"
        elif not (member.isreg() or member.isdir()) or member.issparse():
            yield f"{name} is neither a file nor a directory"


def _leads_out(link: tarfile.TarInfo, members: dict[str, tarfile.TarInfo]) -> bool:
    """Whether a link may end outside the tree: also one that goes up from another link."""
    path = dirname(link.name).split("/")
    for part in link.linkname.split("/"):
        if part == "..":
            above = members.get("/".join(path))
            if above is not None and above.issym():
                return True
            path.pop()
        elif part not in ("", "."):
            path.append(part)
        if not path:
            return True
    return link.linkname.startswith("/")


def _metadata_problems(
    archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], path: Path
) -> Iterator[str]:
    root = path.name[: -len(".tar.gz")]
    for required in ("PKG-INFO", "pyproject.toml"):
        if f"{root}/{required}" not in members:
            yield f"it has no {required}"
            return
    file = archive.extractfile(f"{root}/PKG-INFO")
    text = file.read().decode("utf-8", "backslashreplace") if file else ""
    metadata = HeaderParser().parsestr(text)
    name = re.sub(r"[-_.]+", "_", metadata.get("Name", "")).lower()
    if f"{name}-{metadata.get('Version')}" != root:
        yield f"PKG-INFO is of {metadata.get('Name')} {metadata.get('Version')}"
    for licence in metadata.get_all("License-File", []):
        if f"{root}/{licence}" not in members:
            yield f"the licence file {licence} is missing"
