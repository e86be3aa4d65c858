"""scikit-build-core's ``wheel.py-api``: the interpreters that share one wheel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

_Build = TypeVar("_Build")
_STABLE = re.compile(r"cp(?P<major>\d)(?P<minor>\d+)(?P<free>t?)")


@dataclass(frozen=True)
class PyApi:
    """A parsed ``wheel.py-api``."""

    is_pythonless: bool = False
    """``py3``: every interpreter shares the wheel."""
    floors: Mapping[bool, tuple[int, int]] | None = None
    """The oldest CPython that shares a wheel, by whether it is free-threaded."""

    @property
    def needs_free_threading(self) -> bool:
        """Only a free-threaded build makes the wheel that both kinds of CPython share (PEP 803)."""
        return self.floors is not None and len(self.floors) > 1

    def shares(
        self, version: tuple[int, int], *, is_free_threaded: bool, is_cpython: bool = True
    ) -> bool:
        """Return whether an interpreter shares its wheel with others."""
        if self.is_pythonless:
            return True
        floor = (self.floors or {}).get(is_free_threaded)
        return is_cpython and floor is not None and version >= floor

    def choose_first(self, builds: Iterable[tuple[_Build, bool]]) -> _Build | None:
        """Return the one of builds that share a wheel, oldest first, that makes the wheel of all.

        Each is given with whether its interpreter is free-threaded.
        """
        ordered = list(builds)
        if self.needs_free_threading:
            ordered.sort(key=lambda item: not item[1])
        return ordered[0][0] if ordered else None


def parse_py_api(text: str) -> PyApi:
    """Parse ``cp312``, ``cp315t``, ``cp315.cp315t``, ``py3``, ``py2.py3`` or nothing."""
    words = text.split(".") if text else []
    if words and all(re.fullmatch(r"py[23]", word) for word in words):
        return PyApi(is_pythonless=True)
    found = [_STABLE.fullmatch(word) for word in words]
    floors = {bool(m["free"]): (int(m["major"]), int(m["minor"])) for m in found if m is not None}
    return PyApi(floors=floors if len(floors) == len(words) else {})
