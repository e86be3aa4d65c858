#include <newton/basins.hpp>
#include <newton/roots.hpp>

#include <cmath>
#include <limits>

#include "check.hpp"

using newton::basins;
using newton::Complex;
using newton::Grid;
using newton::Limits;
using newton::Polynomial;

namespace {

const Polynomial cubic({1, 0, 0, -1});
const Grid square{30, 20, {-2, 2, -1.5, 1.5}};

struct Pixel {
  double hue, saturation, value;
};

bool operator==(const Pixel& a, const Pixel& b) {
  return a.hue == b.hue && a.saturation == b.saturation && a.value == b.value;
}

// The definition in basins.hpp, word by word.
Pixel reference(const Polynomial& p, const std::vector<Complex>& roots, Complex z, Limits limits) {
  for (int i = 0; i < limits.steps; ++i) {
    const auto [value, derivative] = p(z);
    if (derivative == Complex(0)) break;
    z -= value / derivative;
    std::size_t nearest = 0;
    for (std::size_t k = 1; k < roots.size(); ++k) {
      if (std::abs(z - roots[k]) < std::abs(z - roots[nearest])) nearest = k;
    }
    if (std::abs(z - roots[nearest]) <= limits.tolerance) {
      return {static_cast<double>(nearest) / static_cast<double>(roots.size()), 1,
              1 - static_cast<double>(i) / limits.steps};
    }
  }
  return {0, 0, 0};
}

Pixel pixel_at(const std::vector<double>& picture, const Grid& grid, std::size_t x, std::size_t y) {
  const double* const hsv = &picture[3 * (y * grid.width + x)];
  return {hsv[0], hsv[1], hsv[2]};
}

// Points on the boundary of two basins follow the last bit; there are few of them.
std::size_t count_differences(const Polynomial& p, const Grid& grid, Limits limits) {
  const std::vector<Complex> roots = newton::roots(p);
  const std::vector<double> picture = basins(p, grid, limits);
  const newton::Region& r = grid.region;
  std::size_t count = 0;
  for (std::size_t y = 0; y < grid.height; ++y) {
    for (std::size_t x = 0; x < grid.width; ++x) {
      const Complex z(r.re_min + (r.re_max - r.re_min) * double(x) / double(grid.width),
                      r.im_min + (r.im_max - r.im_min) * double(y) / double(grid.height));
      const Pixel expected = reference(p, roots, z, limits);
      count += pixel_at(picture, grid, x, y) == expected ? 0 : 1;
    }
  }
  return count;
}

void follows_its_definition() {
  const Grid grid{173, 131, {-2, 2, -1.5, 1.5}};
  for (const Polynomial& p :
       {cubic, Polynomial({3, 1}), Polynomial({1, 0, 1}), Polynomial({Complex(0, 2), 1, 0, -3, 1}),
        Polynomial({1, 0, 0, 0, 15, 0, 0, 0, -16}), Polynomial({1, -1, -1, 1})}) {
    CHECK(count_differences(p, grid, {50, 1e-6}) * 1000 < grid.width * grid.height);
  }
}

void gives_up_after_the_last_step() {
  // z^2 - 1 from z = 3: 5/3, 17/15, 1.0078..: the third step comes within 0.01.
  const Polynomial p({1, 0, -1});
  const Grid one{1, 1, {3, 4, 0, 1}};
  CHECK(basins(p, one, {3, 0.01}) == (std::vector<double>{0, 1, 1 - 2.0 / 3}));
  CHECK(basins(p, one, {2, 0.01}) == (std::vector<double>{0, 0, 0}));
}

void counts_the_tolerance_itself_as_near() {
  // 2 z - 2 arrives at 1 exactly; z^2 - 1 from z = 2 at 1.25.
  CHECK(basins(Polynomial({2, -2}), {1, 1, {7, 8, 0, 1}}, {1, 1e-300})[2] == 1);
  CHECK(basins(Polynomial({1, 0, -1}), {1, 1, {2, 3, 0, 1}}, {1, 0.25})[2] == 1);
  CHECK(basins(Polynomial({1, 0, -1}), {1, 1, {2, 3, 0, 1}}, {1, 0.2499})[2] == 0);
}

void survives_a_zero_derivative() {
  const Grid origin{1, 1, {0, 1, 0, 1}};
  CHECK(basins(cubic, origin, {20, 1e-6}) == (std::vector<double>{0, 0, 0}));
  CHECK(basins(cubic, origin, {20, 1e300}) == (std::vector<double>{0, 0, 0}));
  CHECK(basins(Polynomial({1, 0, 0}), origin, {20, 1e-6}) == (std::vector<double>{0, 0, 0}));
}

void does_not_depend_on_the_threads() {
  const std::vector<double> alone = basins(cubic, square, {40, 1e-6}, 1);
  for (const unsigned threads : {0U, 2U, 3U, 7U, 1000U}) {
    CHECK(basins(cubic, square, {40, 1e-6}, threads) == alone);
  }
}

void draws_pictures_smaller_than_its_lanes() {
  const std::vector<double> picture = basins(cubic, {1, 3, {2, 3, -1, 1}}, {40, 1e-6}, 8);
  CHECK(picture.size() == 9);
  CHECK(picture[1] == 1 && picture[4] == 1 && picture[7] == 1);
}

void rejects_nonsense() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const newton::Region region{0, 1, 0, 1};
  const std::size_t huge = std::numeric_limits<std::size_t>::max() / 4;
  CHECK_INVALID(basins(cubic, {0, 1, region}, {1, 1}), "1 pixel wide");
  CHECK_INVALID(basins(cubic, {1, 0, region}, {1, 1}), "1 pixel wide");
  CHECK_INVALID(basins(cubic, {huge, huge, region}, {1, 1}), "does not fit in memory");
  CHECK_INVALID(basins(cubic, {1, 1, {nan, 1, 0, 1}}, {1, 1}), "real bounds");
  CHECK_INVALID(basins(cubic, {1, 1, {0, 1, -1e308, 1e308}}, {1, 1}), "imaginary bounds");
  CHECK_INVALID(basins(cubic, {1, 1, region}, {0, 1}), "number of steps");
  CHECK_INVALID(basins(cubic, {1, 1, region}, {1, 0}), "tolerance");
  CHECK_INVALID(basins(cubic, {1, 1, region}, {1, nan}), "tolerance");
}

}  // namespace

int main() {
  follows_its_definition();
  gives_up_after_the_last_step();
  counts_the_tolerance_itself_as_near();
  survives_a_zero_derivative();
  does_not_depend_on_the_threads();
  draws_pictures_smaller_than_its_lanes();
  rejects_nonsense();
  return check::failures == 0 ? 0 : 1;
}
