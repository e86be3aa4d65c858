"""Logs of builds and tests: shown in part, and kept if the work failed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from felloe.errors import FelloeError
from felloe.release.result import Failure
from felloe.wheel.atomic_write import placing

_SHOWN = 12
"""Lines of a failed log that are shown."""
_LARGEST = 1 << 24
"""Bytes of a log that are kept, from its end."""


@dataclass(frozen=True)
class LogKeeper:
    """Keeps logs in a directory, with the paths of the user's project.

    Compilers name the files that they read. Those are copies: in felloe's cache, or where
    the frontend unpacked the sdist.
    """

    directory: Path
    project: Path
    source: Path
    """The tree that wheels are built from, or the sdist."""
    name: str
    """The directory in the sdist: ``demo-1.0``."""

    def keep(self, log: Path, message: str) -> Failure:
        """Keep the log of something that failed, unless it cannot be written."""
        if not log.exists():
            return Failure(message)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            kept = self.directory / log.name
            with placing(kept) as (file, _):
                file.write(self._read(log).encode("utf-8", "surrogateescape"))
            return Failure(message, kept)
        except (OSError, FelloeError):
            return Failure(message)

    def read_ending(self, log: Path) -> list[str]:
        """Return the last lines."""
        if not log.exists():
            return []
        return [line for line in self._read(log).splitlines() if line.strip()][-_SHOWN:]

    def _read(self, log: Path) -> str:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LARGEST))
            text = file.read().decode("utf-8", "surrogateescape")
        return name_files_of_project(text, self)


def name_files_of_project(text: str, keeper: LogKeeper) -> str:
    """Replace the paths of copies by those of the project."""
    copies = [re.escape(str(keeper.source)), r"[^\s:;,'\"()<>=]*/pip-req-build-\w+"]
    copies += [rf"[^\s:;,'\"()<>=]*/{re.escape(keeper.name)}"]
    root = str(keeper.project)
    pattern = rf"(?:{'|'.join(copies)})([\\/])"
    return re.sub(pattern, lambda match: root + match[1], text)
