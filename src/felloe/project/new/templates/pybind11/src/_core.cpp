#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace py = pybind11;

namespace {

// Return the number of primes smaller than `below`, using the sieve of Eratosthenes.
std::size_t count_primes(std::int64_t below) {
  if (below < 0) {
    throw std::invalid_argument("below must not be negative");
  }
  const auto size = static_cast<std::size_t>(below);
  std::vector<bool> composite(size);
  std::size_t count = 0;
  for (std::size_t number = 2; number < size; ++number) {
    if (composite[number]) {
      continue;
    }
    ++count;
    for (std::size_t multiple = number * 2; multiple < size; multiple += number) {
      composite[multiple] = true;
    }
  }
  return count;
}

}  // namespace

// The module has no state of its own, so it needs no lock where Python has none.
PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Prime numbers, counted in C++.";
  m.def("count_primes", &count_primes, py::arg("below"), py::call_guard<py::gil_scoped_release>(),
        "Return the number of primes smaller than `below`.");
}
