"""Sdists: what is in them, and the tree that they unpack to."""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.check.sdist_rules import check_members
from felloe.errors import MalformedArchive
from felloe.wheel.member_name import check_member_name
from felloe.wheel.sdist_member import describe_member

_BROKEN = (
    tarfile.TarError,
    EOFError,
    gzip.BadGzipFile,
    ValueError,
    OverflowError,
    zlib.error,
)


def digest_sdist(sdist: Path) -> str:
    """SHA-256 of what an sdist holds: not of its time stamps, owners or packing.

    Raises :class:`MalformedArchive`.
    """
    lines = []
    with _opened(sdist) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            content = hashlib.sha256(file.read() if file else b"").hexdigest()
            facts = (member.name, member.type, member.mode & 0o100, member.linkname, content)
            lines.append("\0".join(map(str, facts)))
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def read_member(sdist: Path, name: str) -> bytes:
    """A file of the one directory that an sdist holds; empty if there is none."""
    with _opened(sdist) as archive:
        for member in archive:
            if member.isreg() and member.name.partition("/")[2] == name:
                file = archive.extractfile(member)
                return file.read() if file else b""
    return b""


def unpack_sdist(sdist: Path, directory: Path) -> Path:
    """Unpack into ``directory``, which is empty. Answers the one directory that was in it.

    Raises :class:`MalformedArchive` for members that lead out (PEP 721).
    """
    with _opened(sdist) as archive:
        members = archive.getmembers()
        _check(sdist.name, members)
        if hasattr(tarfile, "data_filter"):
            archive.extractall(directory, members, filter="data")
        else:
            archive.extractall(directory, members)  # noqa: S202 - they were checked
    tops = list(directory.iterdir())
    if len(tops) != 1 or not tops[0].is_dir():
        raise MalformedArchive(f"{sdist.name} must hold one directory")
    return tops[0]


def refresh_tree(sdist: Path, place: Path) -> Path:
    """Make ``place`` a tree of what the sdist holds, and of nothing else.

    Files whose content stays keep their time stamps and changed ones get the
    present: so a build tree that belongs to ``place`` stays worth something.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unpacked-", dir=place.parent) as scratch:
        fresh = unpack_sdist(sdist, Path(scratch))
        _replace(fresh, place)
    return place


def _replace(fresh: Path, place: Path) -> None:
    if fresh.is_symlink() or not fresh.is_dir():
        if not _is_same(fresh, place):
            _remove(place)
            if not fresh.is_symlink():
                os.utime(fresh)
            fresh.replace(place)
        return
    if place.is_symlink() or not place.is_dir():
        _remove(place)
        place.mkdir()
    names = {path.name for path in fresh.iterdir()}
    for path in list(place.iterdir()):
        if path.name not in names:
            _remove(path)
    for name in sorted(names):
        _replace(fresh / name, place / name)


def _is_same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    if not other.is_file():
        return False
    modes = {path.stat().st_mode for path in (one, other)}
    return len(modes) == 1 and filecmp.cmp(one, other, shallow=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _check(name: str, members: list[tarfile.TarInfo]) -> None:
    for member in members:
        check_member_name(member.name)
    described = [describe_member(member) for member in members]
    problems = [ruling.message for ruling in check_members(described) if not ruling.is_note]
    if problems:
        raise MalformedArchive(f"{name}: " + "; ".join(problems))


@contextmanager
def _opened(sdist: Path) -> Iterator[tarfile.TarFile]:
    try:
        with gzip.open(sdist) as plain, tarfile.open(fileobj=plain, mode="r:") as archive:
            yield archive
    except _BROKEN as cause:
        raise MalformedArchive(f"{sdist.name} cannot be read as an sdist: {cause}") from cause
