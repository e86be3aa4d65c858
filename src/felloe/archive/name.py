"""Names of members that stay inside their archive, wherever it is unpacked."""

from __future__ import annotations

import re

from felloe.errors import MalformedArchive

_DRIVE = re.compile(r"[A-Za-z]:")


def check_member_name(name: str) -> None:
    """Raises :class:`MalformedArchive` for a name that leads out, or reads in two ways."""
    parts = name.split("/")
    if not name.isprintable() or "\\" in name:
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
