"""Check a source distribution and write it in a normal form."""

from __future__ import annotations

import gzip
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from felloe.errors import MalformedArchive
from felloe.wheel.atomic_write import placing
from felloe.wheel.header import get_field, parse_headers
from felloe.wheel.sdist_member import SdistMember, describe_member
from felloe.wheel.sdist_reader import Sdist, open_sdist
from felloe.wheel.sdist_rules import (
    find_files,
    find_identity_problems,
    find_layout_problems,
    find_member_problems,
    find_missing_project_file,
)

_LATEST = 0xFFFFFFFF  # the last second that a gzip header can state (RFC 1952)
_NAME = re.compile(r"(?P<name>[a-z0-9]+(_[a-z0-9]+)*)-(?P<version>[^-]+)\.tar\.gz")
_BYTECODE = "__pycache__"


def finish_sdist(source: Path, directory: Path, epoch: int) -> Path:
    """Write the sdist ``source`` to ``directory``, checked and reproducible byte for byte.

    Of members that share a name the last is kept, as unpacking would leave it.
    Bytecode that the interpreter has cached beside modules is left out. Raises
    :class:`MalformedArchive` with all problems.
    """
    if not _NAME.fullmatch(source.name):
        raise MalformedArchive(f"{source.name!r} is not an sdist's name (PEP 625)")
    with open_sdist(source, is_bounded=False) as sdist:
        return _write(sdist, directory / source.name, epoch)


def _write(sdist: Sdist, path: Path, epoch: int) -> Path:
    entries = {item.name: item for item in sdist.entries if _BYTECODE not in item.name.split("/")}
    members = [describe_member(entry) for entry in entries.values()]
    problems = list(_find_problems(sdist, members))
    if problems:
        raise MalformedArchive(f"{path.name}: " + "; ".join(problems))
    with (
        placing(path) as (file, _),
        _gzip(file, epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as output,
    ):
        for name in sorted(entries):
            content = _content(sdist.archive, entries[name])
            output.addfile(_normalize(entries[name], content, epoch), content)
    return path


def _find_problems(sdist: Sdist, members: list[SdistMember]) -> Iterator[str]:
    stem = sdist.stem
    found = [
        *find_member_problems(members),
        *find_layout_problems(members, stem),
        *find_missing_project_file(members, stem),
    ]
    if found:
        yield from (finding.message for finding in found)
        return
    fields = parse_headers(sdist.read(f"{stem}/PKG-INFO"))
    name, version = get_field(fields, "Name"), get_field(fields, "Version")
    yield from (finding.message for finding in find_identity_problems(name, version, stem))
    files = find_files(members)
    for path in fields.get_all("License-File", []):
        if f"{stem}/{path}" not in files:
            yield f"the license file {path} is missing"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    """Return the content of a file. A hard link has that of the file it refers to."""
    # tarfile would also follow a symbolic link, perhaps in a circle.
    return archive.extractfile(member) if member.isreg() or member.islnk() else None


def _gzip(file: BinaryIO, epoch: int) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=min(max(epoch, 0), _LATEST))


def _normalize(member: tarfile.TarInfo, content: IO[bytes] | None, epoch: int) -> tarfile.TarInfo:
    """Return the member owned by nobody, changed at ``epoch``, with one of two modes."""
    plain = tarfile.TarInfo(member.name)
    if content is None:
        plain.type, plain.linkname = member.type, member.linkname
    else:
        plain.size = content.seek(0, 2)
        content.seek(0)
    plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    plain.mtime = max(epoch, 0)
    return plain
