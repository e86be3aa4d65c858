// The inner loop of the basins: one Newton step of many points at once. Not installed.
#pragma once

#include <newton/polynomial.hpp>

#include <vector>

namespace newton::kernel {

// Points in flight. Enough of them for the processor to overlap the steps of several vectors, few
// enough for their state to stay in its first cache.
constexpr int lane_count = 64;

// One array per quantity, so that neighbouring lanes fill a vector register.
struct Lanes {
  alignas(64) double re[lane_count];
  alignas(64) double im[lane_count];
  alignas(64) double nearest[lane_count];  // squared distance to the nearest root
};

// What all points share: a monic polynomial (without its leading 1) and its roots.
struct Problem {
  Problem(const Polynomial& polynomial, const std::vector<Complex>& roots);

  // The index of the root nearest to (re, im), the lowest of equally near ones.
  int nearest_root(double re, double im) const;

  std::vector<Complex> coefficients;
  std::vector<Complex> roots;
};

using Step = void (*)(Lanes&, const Problem&);

// Moves every lane by one Newton step and measures its distance to the nearest root. A lane whose
// step is not a finite number gets a `nearest` that is infinite or not a number.
void step_portable(Lanes& lanes, const Problem& problem);

// The fastest version this processor can run. All versions give the same bits.
Step best_step();

}  // namespace newton::kernel
