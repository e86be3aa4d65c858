"""Rooms of editable installs: what has to stay for as long as an import may want it.

    <root>/editables/<name>-<key>/
        entry.json         as every entry
        install.json       whose room it is, and what a rebuild runs with
        build/             the build tree, unless the project has chosen its own
        users/<hash>       the path of an import hook that has used the room
        users/pending      a wheel was made that no import has come from so far
        stamps-<hash>      what the files below an install prefix were made from

``launcher/rebuild_hook.py``, which runs where no felloe is installed, reads
``stamps-*`` and writes ``users/*``; it repeats what it needs of this module.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.build.cache.document import read_document, write_document
from felloe.build.cache.entry import write_card
from felloe.build.cache.manifest import GONE, Stamp, take_stamps
from felloe.build.tree.ninja import Inputs

KIND = "editables"
_RECORD = "install.json"
_USERS = "users"
_PENDING = "pending"
_UNSEEN = -2
"""The size in a stamp that no file has: it counts as changed."""

CONFIGURE, BUILD, MADE = "c", "b", "m"
"""What a stamp is of: what CMake read, what the other steps read, what they made."""


@dataclass(frozen=True)
class Room:
    """Where the build of an editable install stays."""

    path: Path
    project: str
    address: str
    """Of its environment; empty for one that is not ours."""
    rebuilds: bool
    """Whether an import may need it."""
    environ: Mapping[str, str]
    """The variables that steer its builds."""

    @property
    def build_dir(self) -> Path:
        """Where CMake builds, unless the project says otherwise."""
        return self.path / "build"

    def stamps(self, prefix: str) -> Path:
        """The file that tells whether what is installed below ``prefix`` is up to date."""
        return self.path / f"stamps-{hash_text(prefix)}"


@dataclass(frozen=True)
class Stamps:
    """Files as the last build left or found them, by path."""

    finished: int
    """When it ended, in nanoseconds since 1970."""
    files: Mapping[str, tuple[str, Stamp]]
    """Kind and stamp."""

    def changed(self) -> dict[str, tuple[str, Stamp]]:
        """What is otherwise now: its kind, and its stamp now."""
        now = take_stamps(self.files)
        return {
            path: (kind, now[path]) for path, (kind, was) in self.files.items() if now[path] != was
        }

    def files_of(self, kind: str) -> set[str]:
        """The paths of a kind."""
        return {path for path, (which, _) in self.files.items() if which == kind}

    def changed_unseen(self) -> set[str]:
        """The kinds of which something changed that ninja takes for old."""
        return {
            kind
            for kind, now in self.changed().values()
            if kind != MADE and now != GONE and now[1] <= self.finished
        }


def hash_text(text: str) -> str:
    """Eight digits."""
    return f"{zlib.crc32(os.fsencode(text)):08x}"


def write_room(room: Room) -> None:
    """Note whose room it is, and that a new wheel leads to it."""
    users = room.path / _USERS
    users.mkdir(parents=True, exist_ok=True)
    (users / _PENDING).touch()
    values = {name: value for name, value in room.__dict__.items() if name != "path"}
    write_document(room.path / _RECORD, values)
    write_card(room.path, room.project)


def read_room(path: Path) -> Room | None:
    """The room at ``path``; None if there is none, or not one that we understand."""
    try:
        values = read_document(path / _RECORD)
        return Room(
            path=path,
            project=str(values["project"]),
            address=str(values["address"]),
            rebuilds=bool(values["rebuilds"]),
            environ={name: str(value) for name, value in values["environ"].items()},
        )
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def is_needed(room: Room) -> bool:
    """Whether an import may still come: the project is there, and so is a hook that leads here."""
    if not room.rebuilds or not os.path.exists(os.path.join(room.project, "pyproject.toml")):
        return False
    users = {user.name: user for user in (room.path / _USERS).glob("*")}
    return _PENDING in users or any(_leads_to(room, user) for user in users.values())


def find_needed(root: Path) -> set[Path]:
    """The entries of the cache that an import may need: rooms and their environments."""
    needed: set[Path] = set()
    with suppress(OSError):
        for path in (root / KIND).iterdir():
            room = read_room(path)
            if room is not None and is_needed(room):
                needed |= {path, root / "environments" / room.address}
    return needed


def _leads_to(room: Room, user: Path) -> bool:
    try:
        hook = Path(user.read_text(encoding="utf-8", errors="surrogateescape"))
        return repr(str(room.path)) in hook.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False


def read_stamps(file: Path) -> Stamps | None:
    """What :func:`write_stamps` wrote; None if nothing."""
    try:
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
        if lines[-1]:
            return None  # cut short
        files = {}
        for line in lines[1:-1]:
            kind, size, time, path = line.split(" ", 3)
            files[path] = (kind, (int(size), int(time)))
        return Stamps(int(lines[0]), files)
    except (OSError, ValueError):
        return None


def write_stamps(file: Path, stamps: Stamps) -> None:
    """First line: when the build ended. Then kind, size, time and path. Written beside, renamed."""
    lines = [str(stamps.finished)]
    lines += [f"{kind} {size} {time} {path}" for path, (kind, (size, time)) in stamps.files.items()]
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
    part.replace(file)


def observe(inputs: Inputs, build_dir: Path, began: int, finished: int) -> Stamps | None:
    """The stamps of all that ninja knows. None for paths that cannot be written down.

    A source that was written after ``began`` may have been read before that,
    so it counts as changed. What CMake writes into its own tree may not have.
    """
    kinds = {CONFIGURE: inputs.configure, BUILD: inputs.build, MADE: inputs.made}
    files: dict[str, tuple[str, Stamp]] = {}
    for kind, names in kinds.items():
        for path, stamp in take_stamps(_absolute(names, build_dir)).items():
            is_late = kind != MADE and stamp[1] >= began and not _is_below(path, build_dir)
            files[path] = (kind, (_UNSEEN, stamp[1]) if is_late else stamp)
    return None if any("\n" in path for path in files) else Stamps(finished, files)


def _absolute(names: Iterable[str], build_dir: Path) -> list[str]:
    return sorted(os.path.normpath(os.path.join(build_dir, name)) for name in names)


def _is_below(path: str, directory: Path) -> bool:
    return path.startswith(f"{directory}/")
