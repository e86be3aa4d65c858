"""Unpacked wheels: write one, and read one to be packed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.errors import FelloeError, MalformedArchive, UsageError
from felloe.wheel.member import Member
from felloe.wheel.member_name import check_member_name
from felloe.wheel.reader import StagedWheel
from felloe.wheel.tags import WheelName, parse_wheel_name
from felloe.wheel.wheel_file import parse_wheel_file

_SUFFIX = ".dist-info"
_WHEEL = "WHEEL"


def write_directory(staged: StagedWheel, place: Path) -> Path:
    """Unpack an open wheel to ``place``, which must not exist: completely or not at all.

    Only regular files are made, in a new directory, so that no link is followed.
    """
    if place.exists() or place.is_symlink():
        raise FelloeError(
            f"{place} already exists", hint="remove it, or choose another directory with -d"
        )
    record = (staged.record,) if staged.record else ()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".felloe-", dir=place.parent) as scratch:
            fresh = Path(scratch) / place.name
            fresh.mkdir()
            for member in (*staged.members, *record):
                _write(member, fresh)
            fresh.rename(place)
    except OSError as cause:
        raise FelloeError(
            f"cannot unpack {staged.name.filename} to {place}: {cause.strerror}",
            hint="choose a directory that can be written, with -d",
        ) from cause
    return place


def _write(member: Member, root: Path) -> None:
    path = root / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Names that differ only in case are one file on some systems: raise, do not overwrite.
    mode = 0o777 if member.executable else 0o666
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode
    )
    with os.fdopen(descriptor, "wb") as file:
        for chunk in member.content.chunks():
            file.write(chunk)


def read_directory(root: Path) -> StagedWheel:
    """Return an unpacked wheel, named by its ``.dist-info`` and ``WHEEL``.

    Its files must not change while the wheel is in use. Raises
    :class:`FelloeError` for files that no wheel can contain.
    """
    if not root.is_dir():
        raise UsageError(f"no such directory: {root}")
    dist_info = _find_dist_info(root)
    members = tuple(_read(path, root) for path in _walk(root))
    record = next((m for m in members if m.name == f"{dist_info}/RECORD"), None)
    others = tuple(member for member in members if member is not record)
    name = _parse_name(root, dist_info)
    return StagedWheel(name, dist_info, others, record)


def _find_dist_info(root: Path) -> str:
    found = sorted(path.name for path in root.iterdir() if path.name.endswith(_SUFFIX))
    if len(found) != 1:
        raise MalformedArchive(
            f"{root} must hold one .dist-info directory, it holds {', '.join(found) or 'none'}",
            hint="name the directory that `felloe unpack` made",
        )
    return found[0]


def _walk(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.is_symlink():
            raise MalformedArchive(
                f"{path} is a symbolic link, which a wheel cannot hold",
                hint="put the file it points to in its place",
            )
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path
        else:
            raise MalformedArchive(f"{path} is neither a file nor a directory")


def _read(path: Path, root: Path) -> Member:
    name = path.relative_to(root).as_posix()
    check_member_name(name)
    return Member.from_file(name, path, executable=bool(path.stat().st_mode & 0o111))


def _parse_name(root: Path, dist_info: str) -> WheelName:
    try:
        stated = parse_wheel_file((root / dist_info / _WHEEL).read_bytes())
    except OSError as cause:
        raise MalformedArchive(f"{dist_info}/{_WHEEL} cannot be read: {cause.strerror}") from cause
    parts = [tag.split("-") for tag in stated.tags]
    if not parts or any(len(part) != 3 for part in parts):
        raise MalformedArchive(
            f"{dist_info}/{_WHEEL} has no Tag lines of the form python-abi-platform",
            hint="write one, such as `Tag: py3-none-any`",
        )
    sets = [sorted(set(column)) for column in zip(*parts)]
    if len(set(stated.tags)) != len(list(product(*sets))):
        raise MalformedArchive(
            f"the Tag lines of {dist_info}/{_WHEEL} are not all combinations of their parts, "
            "so that no file name can contain them",
            hint=f"write one for each of {', '.join('.'.join(part) for part in sets)}",
        )
    build = [stated.build] if stated.build else []
    stem = [dist_info[: -len(_SUFFIX)], *build, *(".".join(part) for part in sets)]
    return parse_wheel_name("-".join(stem) + ".whl")
