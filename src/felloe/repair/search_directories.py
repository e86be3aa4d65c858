"""The directories of ``libraries.search``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from felloe import terminal
from felloe.finding import Finding


def read_search_directories(entries: Iterable[str], environ: Mapping[str, str]) -> list[Path]:
    """Return the directories, each once; ``~`` stands for the home directory.

    Relative ones are relative to the project, or to the directory in which a command
    was started. One that is not there gets a warning.
    """
    found: dict[Path, None] = {}
    for entry in entries:
        path = Path(_expand_home(entry, environ))
        if path.is_dir():
            found[path] = None
        else:
            terminal.report_warning(
                Finding(
                    f"`libraries.search` names {entry}, which is not a directory",
                    hint="correct or remove that entry",
                )
            )
    return list(found)


def _expand_home(entry: str, environ: Mapping[str, str]) -> str:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    is_home = entry == "~" or entry.startswith(("~/", "~\\"))
    return home + entry[1:] if is_home and home else entry
