# cython: language_level=3, freethreading_compatible=True
"""Prime numbers, counted in C."""

from libc.stdint cimport int64_t


cdef extern from "primes.h" nogil:
    int64_t c_count_primes "count_primes"(int64_t below)


def count_primes(int64_t below):
    """Return the number of primes smaller than `below`."""
    if below < 0:
        raise ValueError("below must not be negative")
    with nogil:
        count = c_count_primes(below)
    if count < 0:
        raise MemoryError
    return count
