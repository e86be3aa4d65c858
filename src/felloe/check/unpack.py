"""Unpack a wheel into a directory, and pack a directory into a wheel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from felloe.audit.retag import check_tags_proved
from felloe.audit.wheel_file import Auditor
from felloe.check.verify import verify_staged
from felloe.errors import FelloeError
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.directory import read_directory, write_directory
from felloe.wheel.reader import open_wheel
from felloe.wheel.wheel_file import retag
from felloe.wheel.writer import write_wheel


def unpack_wheel(wheel: Path, directory: Path, *, verified: bool) -> Path:
    """Unpack a wheel to ``{name}-{version}`` in ``directory`` and return that path.

    Raises :class:`FelloeError` for a wheel that differs from its RECORD, unless
    ``verified`` is false, and if the path exists.
    """
    with open_wheel(wheel) as staged:
        problems = list(verify_staged(staged)) if verified else []
        if problems:
            raise FelloeError(
                "\n".join(f"{wheel.name}: {problem.message}" for problem in problems),
                hint="unpack it with --no-verify to look what is wrong",
            )
        return write_directory(staged, directory / staged.name.dist_info[: -len(".dist-info")])


def pack_wheel(
    root: Path, directory: Path, build: str | None, epoch: int, auditor: Auditor
) -> Path:
    """Pack an unpacked wheel into ``directory``, with a new RECORD. Return the file.

    ``build`` is a build number in the place of the one in ``WHEEL``; empty for
    none, None for the one that is there. Raises :class:`FelloeError` if its
    tags promise more than its files prove.
    """
    staged = read_directory(root)
    prepare_directory(directory)
    if build is not None and build != staged.name.build:
        staged = retag(staged, replace(staged.name, build=build))
    check_tags_proved(staged, staged.name, auditor)
    return write_wheel(staged, directory, epoch)
