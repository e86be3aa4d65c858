// Basins of attraction of Newton's method, as a picture.
#pragma once

#include <newton/export.hpp>
#include <newton/polynomial.hpp>

#include <cstddef>
#include <vector>

namespace newton {

// The part of the complex plane that is looked at.
struct Region {
  double re_min;
  double re_max;
  double im_min;
  double im_max;
};

// Pixel (x, y) stands for the point
//   re_min + (re_max - re_min) * x / width  +  i * (im_min + (im_max - im_min) * y / height).
struct Grid {
  std::size_t width;
  std::size_t height;
  Region region;

  // The number of doubles in the picture: hue, saturation and value of each pixel.
  // Throws std::invalid_argument when width or height is 0 or the picture exceeds the memory's
  // addresses.
  NEWTON_EXPORT std::size_t picture_size() const;
};

// When to stop: a point has converged once its distance to a root is at most `tolerance`.
struct Limits {
  int steps;
  double tolerance;
};

// Writes the picture to `hsv`: rows from y = 0, each pixel as hue, saturation, value.
//
// From each pixel's point, z <- z - p(z) / p'(z) is repeated for i = 0, 1, ... steps - 1. If z is
// near a root after step i, the pixel is (k / n, 1, 1 - i / steps), where k is the index of the
// nearest root (the lower one of equally near ones) in the order of roots(), and n their number.
// A point that has not converged after all steps is (0, 0, 0); so is one that meets p'(z) = 0 or
// any other step that is no finite number in double arithmetic.
//
// `hsv` holds grid.picture_size() doubles. `threads` is the number of threads to use, 0 for as many
// as the hardware runs at once; the picture does not depend on it, nor on the processor's vector
// instructions. Throws std::invalid_argument for arguments that make no sense.
NEWTON_EXPORT void draw_basins(const Polynomial& polynomial, const Grid& grid, const Limits& limits,
                               double* hsv, unsigned threads = 0);

// The same, in a vector of its own.
NEWTON_EXPORT std::vector<double> basins(const Polynomial& polynomial, const Grid& grid,
                                         const Limits& limits, unsigned threads = 0);

}  // namespace newton
