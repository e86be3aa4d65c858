"""Decompression limits, against zip bombs."""

from __future__ import annotations

from felloe.errors import MalformedArchive

# PyPI's own measure of a decompression bomb (warehouse, _is_valid_dist_file).
_MOST_RATIO = 50
_RATIO_MATTERS_ABOVE = 64 << 20

MOST_TEXT = 2 << 20
"""Most bytes of a metadata file. Parsers need many times as much memory."""


def find_room(packed: int) -> int:
    """Return the most bytes that ``packed`` ones may unpack to."""
    return max(_RATIO_MATTERS_ABOVE, _MOST_RATIO * packed)


def check_proportion(packed: int, unpacked: int) -> None:
    """Raise :class:`MalformedArchive` for contents too large for their packed size."""
    if unpacked > find_room(packed):
        raise MalformedArchive(
            f"{packed} packed bytes claim to hold {unpacked}: more than {_MOST_RATIO} times as many"
        )
