"""Basins of attraction of Newton's method, drawn in C++."""

from newton_basins._core import compute, roots

__all__ = ["compute", "roots"]
