// A polynomial with complex coefficients.
#pragma once

#include <newton/export.hpp>

#include <complex>
#include <cstddef>
#include <vector>

namespace newton {

using Complex = std::complex<double>;

// Coefficients run from the highest power down: {1, 0, 0, -1} is z^3 - 1.
class Polynomial {
 public:
  struct Value {
    Complex value;
    Complex derivative;
  };

  // Leading zeros are dropped. Throws std::invalid_argument when a coefficient is not finite, or
  // when what is left is no polynomial of degree 1 or more.
  NEWTON_EXPORT explicit Polynomial(std::vector<Complex> coefficients);

  // At least 1.
  std::size_t degree() const noexcept { return coefficients_.size() - 1; }

  // degree() + 1 numbers, the first of which is not zero.
  const std::vector<Complex>& coefficients() const noexcept { return coefficients_; }

  // The polynomial and its derivative at `z`, by Horner's rule.
  NEWTON_EXPORT Value operator()(Complex z) const noexcept;

  // The same roots and the leading coefficient 1. Throws std::invalid_argument when a coefficient
  // divided by the leading one is too large for a double.
  NEWTON_EXPORT Polynomial monic() const;

 private:
  std::vector<Complex> coefficients_;
};

}  // namespace newton
