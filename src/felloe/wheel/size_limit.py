"""What may come of packed bytes: a small file is not to fill a memory or a day."""

from __future__ import annotations

from felloe.errors import MalformedArchive

# PyPI's own measure of a decompression bomb (warehouse, _is_valid_dist_file).
_MOST_RATIO = 50
_RATIO_MATTERS_ABOVE = 64 << 20

MOST_TEXT = 2 << 20
"""Bytes of a file of metadata. Parsers make many times as much of it."""


def find_room(packed: int) -> int:
    """The bytes that may come of ``packed`` ones."""
    return max(_RATIO_MATTERS_ABOVE, _MOST_RATIO * packed)


def check_proportion(packed: int, unpacked: int) -> None:
    """Raises :class:`MalformedArchive` for contents out of proportion to their packed size."""
    if unpacked > find_room(packed):
        raise MalformedArchive(
            f"{packed} packed bytes claim to hold {unpacked}: more than {_MOST_RATIO} times as many"
        )
