#ifndef EXAMPLE_NAME_PRIMES_H
#define EXAMPLE_NAME_PRIMES_H

#include <stdint.h>

// Return the number of primes smaller than `below`; -1 if there is no memory for the sieve.
int64_t count_primes(int64_t below);

#endif
