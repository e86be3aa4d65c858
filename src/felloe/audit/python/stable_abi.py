"""Uses of the C API outside the stable ABI that a wheel declares (PEP 384)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from felloe.python.stable_abi import read_stable_abi


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
    abi, found = read_stable_abi(), []
    for name in sorted(set(symbols)):
        added = abi.find_added(name)
        if added is None or added > floor:
            found.append(Violation(name, added))
    return tuple(found)
