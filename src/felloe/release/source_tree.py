"""The contents of an sdist, and the tree that it unpacks to."""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.errors import MalformedArchive
from felloe.wheel.sdist_reader import open_sdist
from felloe.wheel.sdist_rules import find_member_problems


def digest_sdist(sdist: Path) -> str:
    """Return the SHA-256 of the contents of an sdist, without time stamps and owners.

    Raises :class:`MalformedArchive`.
    """
    lines = []
    with open_sdist(sdist) as opened:
        for member in opened.entries:
            file = opened.archive.extractfile(member) if member.isreg() else None
            content = hashlib.sha256(file.read() if file else b"").hexdigest()
            facts = (member.name, member.type, member.mode & 0o100, member.linkname, content)
            lines.append("\0".join(map(str, facts)))
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def read_member(sdist: Path, name: str) -> bytes:
    """Return a file of an sdist; empty if it does not exist."""
    with open_sdist(sdist) as opened:
        names = [member.name for member in opened.entries]
        path = next((path for path in names if path.partition("/")[2] == name), "")
        return opened.read(path)


def unpack_sdist(sdist: Path, directory: Path) -> Path:
    """Unpack into the empty ``directory``. Return the one directory of the sdist.

    Raises :class:`MalformedArchive` for members that lead out (PEP 721).
    """
    with open_sdist(sdist) as opened:
        problems = [finding.message for finding in find_member_problems(opened.members)]
        if problems:
            raise MalformedArchive(f"{sdist.name}: " + "; ".join(problems))
        if hasattr(tarfile, "data_filter"):
            opened.archive.extractall(directory, opened.entries, filter="data")
        else:
            opened.archive.extractall(directory, opened.entries)  # noqa: S202 - they were checked
    tops = list(directory.iterdir())
    if len(tops) != 1 or not tops[0].is_dir():
        raise MalformedArchive(f"{sdist.name} must hold one directory")
    return tops[0]


def refresh_tree(sdist: Path, place: Path) -> Path:
    """Make ``place`` the tree of an sdist.

    Unchanged files keep their time stamps and changed ones get the present, so
    that the build tree of ``place`` stays useful.
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
