"""State of editable installs: files that must stay as long as an import may need them.

    <root>/editables/<name>-<key>/
        entry.json         description and size, as in every entry
        install.json       the project, and the environment of a rebuild
        build/             the build tree, unless the project has chosen its own
        users/<hash>       the path of an import hook that has used the entry
        users/pending      exists if the newest wheel has not been imported yet
        stamps-<hash>      the files that an install prefix was built from

``rebuild_hook.py``, which runs where felloe may not be installed, reads
``stamps-*`` and writes ``users/*``. It repeats the code that it needs from here.
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
class EditableState:
    """The kept build of an editable install."""

    path: Path
    project: str
    address: str
    """Address of the kept environment; empty if the build uses another one."""
    rebuilds: bool
    """True if an import may rebuild."""
    environ: Mapping[str, str]
    """The variables that steer its builds."""

    @property
    def build_dir(self) -> Path:
        """The build directory of CMake, unless the project has chosen another one."""
        return self.path / "build"

    @property
    def is_blind(self) -> bool:
        """True if a build here could not be watched, so that only ninja decides."""
        return (self.path / _BLIND).exists()

    def note_blind(self, reason: str) -> None:
        """Record for later imports that a build could not be watched."""
        (self.path / _BLIND).write_text(reason, encoding="utf-8", errors="replace")

    def note_sight(self) -> None:
        """Delete the record of a build that could not be watched."""
        (self.path / _BLIND).unlink(missing_ok=True)

    def stamps(self, prefix: str) -> Path:
        """Return the file with the stamps of the installation below ``prefix``."""
        return self.path / f"stamps-{hash_text(prefix)}"


def hash_text(text: str) -> str:
    """Return a CRC-32 as eight hexadecimal digits."""
    return f"{zlib.crc32(os.fsencode(text)):08x}"


def write_state(state: EditableState) -> None:
    """Write the state, and record that a new wheel uses it."""
    users = state.path / _USERS
    users.mkdir(parents=True, exist_ok=True)
    (users / _PENDING).touch()
    values = {name: value for name, value in state.__dict__.items() if name != "path"}
    write_document(state.path / _RECORD, values)
    write_card(state.path, state.project)


def read_state(path: Path) -> EditableState | None:
    """Return the state in ``path``; None if it is missing or unreadable."""
    try:
        values = read_document(path / _RECORD)
        return EditableState(
            path=path,
            project=str(values["project"]),
            address=str(values["address"]),
            rebuilds=bool(values["rebuilds"]),
            environ={name: str(value) for name, value in values["environ"].items()},
        )
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def is_needed(state: EditableState) -> bool:
    """Return whether the project still exists and an import hook still uses the state."""
    if not state.rebuilds or not os.path.exists(os.path.join(state.project, "pyproject.toml")):
        return False
    users = {user.name: user for user in (state.path / _USERS).glob("*")}
    return _PENDING in users or any(_leads_to(state, user) for user in users.values())


def find_needed(root: Path) -> set[Path]:
    """Return the entries of the cache that imports may need: states and environments."""
    needed: set[Path] = set()
    with suppress(OSError):
        for path in (root / KIND).iterdir():
            state = read_state(path)
            if state is not None and is_needed(state):
                needed |= {path, root / "environments" / state.address}
    return needed


def _leads_to(state: EditableState, user: Path) -> bool:
    try:
        hook = Path(user.read_text(encoding="utf-8", errors="surrogateescape"))
        return repr(str(state.path)) in hook.read_text(encoding="utf-8", errors="surrogateescape")
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
