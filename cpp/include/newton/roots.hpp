// All roots of a polynomial.
#pragma once

#include <newton/export.hpp>
#include <newton/polynomial.hpp>

#include <vector>

namespace newton {

// The roots of `polynomial`, each as often as its multiplicity says: degree() numbers.
//
// They are ordered by argument in [0, 2 pi), then by modulus; a root 0 has the argument 0.
// Arguments closer than 1e-9 count as equal, so that rounding never reorders the roots on one ray.
//
// Roots closer together than double arithmetic can tell apart are returned as one multiple root.
// Throws std::runtime_error when the roots cannot be found in double arithmetic, which takes
// coefficients of very different sizes or a high degree.
NEWTON_EXPORT std::vector<Complex> roots(const Polynomial& polynomial);

}  // namespace newton
