"""Prime numbers, counted in C."""

from example_name._core import count_primes

__all__ = ["count_primes"]
