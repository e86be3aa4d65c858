"""Read names from an untrusted file: from a string table, or from anywhere in it."""

from __future__ import annotations

from felloe.errors import MalformedBinary

# Linkers merge strings with a common tail, so the names can be longer together than
# the table. In real files the factor is small.
_MOST_OVERLAP = 16
_SLACK = 1 << 16


class StringTable:
    """The bytes of an ELF string table (gABI, "String Table")."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._budget = _MOST_OVERLAP * len(raw) + _SLACK

    def __contains__(self, text: bytes) -> bool:
        return text in self._raw

    def begins(self, offset: int, prefixes: tuple[bytes, ...]) -> bool:
        """Tell whether the string at ``offset`` begins with one of ``prefixes``."""
        return self._raw.startswith(prefixes, offset)

    def at(self, offset: int, limit: int | None = None) -> str:
        """Return the NUL-terminated string at ``offset``, escaped where it cannot be printed.

        Raises :class:`MalformedBinary` if none ends there, if it has more than
        ``limit`` bytes, or if the strings asked for so far overlap too much.
        """
        end = self._raw.find(b"\0", offset)
        if offset >= len(self._raw) or end < 0:
            raise MalformedBinary(f"no string ends after offset {offset} of the string table")
        if limit is not None and end - offset > limit:
            raise MalformedBinary(f"a name of {end - offset} bytes; at most {limit} are allowed")
        self._budget -= end - offset + 1
        if self._budget < 0:
            raise MalformedBinary("the names in the string table overlap one another")
        return decode_name(self._raw[offset:end])


# Names are searched in pieces of this size, so that the file is not copied.
_PIECE = 256


class NameReader:
    """NUL-terminated names that may lie anywhere in ``data``."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._budget = _MOST_OVERLAP * len(data) + _SLACK

    def at(self, offset: int) -> str:
        """Return the name at ``offset`` as text. Raise the errors of :meth:`raw_at`."""
        return decode_name(self.raw_at(offset))

    def raw_at(self, offset: int) -> bytes:
        """Return the name at ``offset``.

        Raise :class:`MalformedBinary` if none ends after it, or if the names
        read so far overlap too much.
        """
        pieces = []
        for at in range(offset, len(self._data), _PIECE):
            piece, end, _ = bytes(self._data[at : at + _PIECE]).partition(b"\0")
            self._budget -= len(piece) + 1
            if self._budget < 0:
                raise MalformedBinary("the names in the file overlap one another")
            pieces.append(piece)
            if end:
                return b"".join(pieces)
        raise MalformedBinary(f"no name ends after offset {offset} of the file")


def decode_name(raw: bytes) -> str:
    """Return a name as text without control characters for a terminal."""
    text = raw.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode()
