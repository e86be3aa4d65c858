#include "primes.h"

#include <stdlib.h>

int64_t count_primes(int64_t below) {
  if (below <= 2) {
    return 0;
  }
  const size_t size = (size_t)below;
  unsigned char* composite = calloc(size, 1);
  if (composite == NULL) {
    return -1;
  }
  int64_t count = 0;
  for (size_t number = 2; number < size; ++number) {
    if (composite[number]) {
      continue;
    }
    ++count;
    for (size_t multiple = number * 2; multiple < size; multiple += number) {
      composite[multiple] = 1;
    }
  }
  free(composite);
  return count;
}
