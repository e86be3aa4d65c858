#include <newton/polynomial.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

namespace newton {
namespace {

bool is_finite(Complex z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}

void require_finite(const std::vector<Complex>& coefficients) {
  const auto bad = std::find_if_not(coefficients.begin(), coefficients.end(),
                                    [](Complex c) { return is_finite(c); });
  if (bad != coefficients.end()) {
    throw std::invalid_argument("coefficient " + std::to_string(bad - coefficients.begin()) +
                                " is not a finite number (they are counted from 0)");
  }
}

// std::complex's own operator* looks for infinities in its result, which costs more than the
// product itself.
Complex multiply_add(Complex a, Complex b, Complex c) {
  return {a.real() * b.real() - a.imag() * b.imag() + c.real(),
          a.real() * b.imag() + a.imag() * b.real() + c.imag()};
}

}  // namespace

Polynomial::Polynomial(std::vector<Complex> coefficients) : coefficients_(std::move(coefficients)) {
  if (coefficients_.empty()) {
    throw std::invalid_argument("a polynomial needs coefficients, and there are none");
  }
  require_finite(coefficients_);
  const auto lead = std::find_if(coefficients_.begin(), coefficients_.end(),
                                 [](Complex c) { return c != Complex(0); });
  coefficients_.erase(coefficients_.begin(), lead);
  if (coefficients_.size() < 2) {
    throw std::invalid_argument("the polynomial is constant: its degree must be at least 1");
  }
}

Polynomial::Value Polynomial::operator()(Complex z) const noexcept {
  Value result{coefficients_.front(), 0};
  for (std::size_t k = 1; k < coefficients_.size(); ++k) {
    result.derivative = multiply_add(result.derivative, z, result.value);
    result.value = multiply_add(result.value, z, coefficients_[k]);
  }
  return result;
}

Polynomial Polynomial::monic() const {
  const Complex lead = coefficients_.front();
  std::vector<Complex> scaled(coefficients_);
  scaled.front() = 1;
  for (std::size_t k = 1; k < scaled.size(); ++k) {
    scaled[k] /= lead;
    if (!is_finite(scaled[k])) {
      throw std::invalid_argument("coefficient " + std::to_string(k) +
                                  " (counted after leading zeros, from 0) is too large for the "
                                  "leading one: their quotient is no finite number");
    }
  }
  return Polynomial(std::move(scaled));
}

}  // namespace newton
