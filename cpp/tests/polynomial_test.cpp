#include <newton/polynomial.hpp>

#include <limits>

#include "check.hpp"

using newton::Complex;
using newton::Polynomial;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void evaluates_itself_and_its_derivative() {
  const Polynomial p({2, -3, Complex(0, 1)});  // 2 z^2 - 3 z + i
  CHECK(p.degree() == 2);
  CHECK(p(Complex(1, 1)).value == Complex(-3, 2));
  CHECK(p(Complex(1, 1)).derivative == Complex(1, 4));
}

void drops_leading_zeros() {
  const Polynomial p({0, 0, 2, 1});
  CHECK(p.degree() == 1);
  CHECK(p.coefficients() == (std::vector<Complex>{2, 1}));
}

void becomes_monic() {
  const Polynomial p({Complex(0, 2), 4, 0});
  CHECK(p.monic().coefficients() == (std::vector<Complex>{1, Complex(0, -2), 0}));
  CHECK_INVALID(Polynomial({1e-300, 0, 1e300}).monic(), "coefficient 2");
}

void rejects_what_is_no_polynomial() {
  CHECK_INVALID(Polynomial({}), "there are none");
  CHECK_INVALID(Polynomial({5}), "constant");
  CHECK_INVALID(Polynomial({0, 0, 5}), "constant");
  CHECK_INVALID(Polynomial({0, 0}), "constant");
  CHECK_INVALID(Polynomial({1, infinity}), "coefficient 1 is not a finite number");
  CHECK_INVALID(Polynomial({Complex(0, std::numeric_limits<double>::quiet_NaN()), 1}),
                "coefficient 0");
}

}  // namespace

int main() {
  evaluates_itself_and_its_derivative();
  drops_leading_zeros();
  becomes_monic();
  rejects_what_is_no_polynomial();
  return check::failures == 0 ? 0 : 1;
}
