"""Which names the stable ABI of CPython holds, and since when (PEP 384).

The facts are abi3info's, which is generated from CPython's own
``Misc/stable_abi.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Violation(NamedTuple):
    """A C API name that the declared floor does not promise."""

    symbol: str
    added: tuple[int, int] | None
    """The Python version whose stable ABI first holds it; None if none does."""


def find_violations(symbols: Iterable[str], floor: tuple[int, int]) -> tuple[Violation, ...]:
    """The ``Py*`` names in ``symbols`` that are not in the stable ABI of ``floor``.

    ``symbols`` are what an object *imports*: a name it defines itself is no use
    of the C API, whatever it is called.
    """
    from abi3info import DATAS, FUNCTIONS  # heavy, and only abi3 wheels come here
    from abi3info.models import Symbol

    found = []
    for name in sorted(set(symbols)):
        entry = FUNCTIONS.get(Symbol(name)) or DATAS.get(Symbol(name))
        added = (entry.added.major, entry.added.minor) if entry else None
        if added is None or added > floor:
            found.append(Violation(name, added))
    return tuple(found)
