"""Names of members that stay inside their archive, wherever it is unpacked."""

from __future__ import annotations

import re
from unicodedata import category

from felloe.errors import MalformedArchive

_DRIVE = re.compile(r"[A-Za-z]:")
_JOINERS = "\u200c\u200d"
"""Of emoji, and of scripts such as Persian."""


def check_member_name(name: str) -> None:
    """Raises :class:`MalformedArchive` for a name that leads out, or reads in two ways."""
    parts = name.split("/")
    is_portable = name.isprintable() or all(map(_is_portable, name))
    if not is_portable or "\\" in name:
        reason = "holds characters that no portable file name has"
    elif name.startswith("/") or _DRIVE.match(name):
        reason = "is absolute"
    elif ".." in parts:
        reason = "leads out of the archive"
    elif "" in parts or "." in parts:
        reason = "has an empty part"
    else:
        return
    raise MalformedArchive(f"the member name {name!r} {reason}")


def _is_portable(letter: str) -> bool:
    return letter.isprintable() or letter in _JOINERS or category(letter) == "Zs"
