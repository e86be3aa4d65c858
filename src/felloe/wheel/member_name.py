"""Check that names of members stay inside the archive and can be created on disk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from unicodedata import category, normalize

from felloe.errors import MalformedArchive

_DRIVE = re.compile(r"[A-Za-z]:")
_JOINERS = "\u200c\u200d"
"""Joiners in emoji and in scripts such as Persian."""
_WINDOWS_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])( *\..*)?")
_WINDOWS_FORBIDS = '<>:"|?*'


def check_member_name(name: str) -> None:
    """Raise :class:`MalformedArchive` for a name that leads out or is ambiguous."""
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


def check_file_tree(files: Collection[str]) -> None:
    """Raise :class:`MalformedArchive` if a path is both a file and a directory."""
    files = set(files)
    directories: dict[str, str] = {}
    for name in sorted(files):
        above = name.rpartition("/")[0]
        while above and above not in directories:
            directories[above] = name
            above = above.rpartition("/")[0]
    both = sorted(files & directories.keys())
    if both:
        inside = directories[both[0]]
        raise MalformedArchive(f"{both[0]} is a file, and {inside} needs a directory of that name")


def find_windows_problem(name: str) -> str | None:
    """Return the reason why Windows cannot create a file of this name."""
    for part in name.split("/"):
        if _WINDOWS_DEVICE.fullmatch(part):
            return f"{part} is the name of a device"
        if any(letter in part for letter in _WINDOWS_FORBIDS):
            return f"{part!r} contains one of {' '.join(_WINDOWS_FORBIDS)}"
        if part.endswith((".", " ")):
            return f"{part!r} ends with a dot or a space"
    return None


def find_twins(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield groups of names that differ only in case or Unicode form.

    macOS and Windows use one file for all names of a group.
    """
    alike: dict[str, list[str]] = {}
    for name in sorted(names):
        alike.setdefault(normalize("NFC", normalize("NFC", name).casefold()), []).append(name)
    yield from (group for group in alike.values() if len(group) > 1)
