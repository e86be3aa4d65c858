"""Prime numbers, counted in C."""

from __future__ import annotations

import ctypes
import sys
from importlib.resources import files

__all__ = ["count_primes"]

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_library = ctypes.CDLL(str(files(__name__) / f"_primes{_SUFFIX}"))
_library.count_primes.argtypes = [ctypes.c_int64]
_library.count_primes.restype = ctypes.c_int64


def count_primes(below: int) -> int:
    """Return the number of primes smaller than `below`."""
    if not isinstance(below, int):
        raise TypeError(f"below must be an int, not {type(below).__name__}")
    if below < 0:
        raise ValueError("below must not be negative")
    count: int = _library.count_primes(below)
    if count < 0:
        raise MemoryError
    return count
