#include "kernel.hpp"

#include <newton/roots.hpp>

#include <algorithm>
#include <cmath>

#include "check.hpp"

using newton::Complex;
using newton::Polynomial;
using newton::kernel::lane_count;
using newton::kernel::Lanes;
using newton::kernel::Problem;

namespace {

Lanes spread_points() {
  Lanes lanes{};
  for (int i = 0; i < lane_count; ++i) {
    lanes.re[i] = -2 + 0.0625 * i;
    lanes.im[i] = 1.5 - 0.07 * i;
  }
  lanes.re[5] = lanes.im[5] = 0;  // where p' of the first polynomial is 0
  return lanes;
}

// NaNs count as equal: which of their bits an operation sets is up to the processor.
bool are_identical(const double (&a)[lane_count], const double (&b)[lane_count]) {
  return std::equal(a, a + lane_count, b,
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

bool are_identical(const Lanes& a, const Lanes& b) {
  return are_identical(a.re, b.re) && are_identical(a.im, b.im) &&
         are_identical(a.nearest, b.nearest);
}

void gives_the_same_bits_in_every_version() {
  for (const Polynomial& p : {Polynomial({1, 0, 0, -1}), Polynomial({2, Complex(1, 3)}),
                              Polynomial({3, 1, Complex(0, 2), -1, 5, 7, -2, 1, 1, 1})}) {
    const Problem problem(p, newton::roots(p));
    Lanes portable = spread_points();
    Lanes best = portable;
    for (int step = 0; step < 30; ++step) {
      newton::kernel::step_portable(portable, problem);
      newton::kernel::best_step()(best, problem);
      CHECK(are_identical(portable, best));
    }
  }
}

void prefers_the_lower_of_equally_near_roots() {
  const Polynomial p({1, 0, -1});
  const Problem problem(p, newton::roots(p));
  CHECK(problem.nearest_root(0, 3) == 0);
  CHECK(problem.nearest_root(-0.1, 3) == 1);
}

}  // namespace

int main() {
  gives_the_same_bits_in_every_version();
  prefers_the_lower_of_equally_near_roots();
  return check::failures == 0 ? 0 : 1;
}
