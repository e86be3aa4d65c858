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
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.build.cache.document import read_document, write_document
from felloe.build.cache.entry import write_card
from felloe.build.tree.identity import Identity
from felloe.build.tree.record import check_identity

KIND = "editables"
_RECORD = "install.json"
_USERS = "users"
_PENDING = "pending"
_BLIND = "blind"


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

    @property
    def is_blind(self) -> bool:
        """Whether a build here could not be watched: then ninja alone decides."""
        return (self.path / _BLIND).exists()

    def note_blind(self, reason: str) -> None:
        """Note that a build could not be watched, for the imports to come."""
        (self.path / _BLIND).write_text(reason, encoding="utf-8", errors="replace")

    def note_sight(self) -> None:
        """Forget that a build could not be watched: there is a new one."""
        (self.path / _BLIND).unlink(missing_ok=True)

    def stamps(self, prefix: str) -> Path:
        """The file that tells whether what is installed below ``prefix`` is up to date."""
        return self.path / f"stamps-{hash_text(prefix)}"


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


def read_stamps(file: Path) -> dict[str, Identity] | None:
    """Return the identities that :func:`write_stamps` wrote; None if there are none."""
    try:
        files = read_document(file)["files"]
        return {key: check_identity(value) for key, value in files.items() if key}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_stamps(file: Path, identities: Mapping[str, Identity]) -> None:
    """Write the identities of all files that an import compares."""
    write_document(file, {"files": dict(identities)})
