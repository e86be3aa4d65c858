"""A table below ``[tool.felloe]`` that only one command reads, such as ``ci``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from felloe.errors import FelloeError


class Key(Protocol):
    """What a table may hold."""

    @property
    def key(self) -> str:
        """Its name."""

    def read(self, value: object) -> tuple[Any, str]:
        """(the value, what is wrong with it)."""


def read_subtable(name: str, keys: Iterable[Key], table: object) -> dict[str, Any]:
    """The values that ``tool.felloe.<name>`` gives, by their keys.

    Raises :class:`FelloeError` that lists all problems.
    """
    title = f"tool.felloe.{name}"
    if not isinstance(table, Mapping):
        raise FelloeError(f"{title} must be a table")
    known = {item.key: item for item in keys}
    values, problems = {}, []
    for key, given in table.items():
        if key in known:
            values[key], problem = known[key].read(given)
        else:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            problem = f"unknown key; the nearest known one is {nearest!r}"
        if problem:
            problems.append(f"{title}.{key}: {problem}")
    if problems:
        raise FelloeError("\n".join(problems), hint=f"the keys of [{title}] are {', '.join(known)}")
    return values
