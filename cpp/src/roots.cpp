// Aberth's method finds approximations of all roots at once; then approximations that belong to one
// multiple root are merged, because Newton's basins must not see it as several.

#include <newton/roots.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace newton {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double pi = 3.14159265358979323846;
constexpr int max_sweeps = 500;

using Roots = std::vector<Complex>;

bool is_finite(Complex z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}

// Below this, |p(z)| says nothing: Horner's rule may have lost that much to rounding.
double rounding_bound(const Polynomial& p, Complex z) {
  const double modulus = std::abs(z);
  double sum = 0;
  for (const Complex c : p.coefficients()) sum = sum * modulus + std::abs(c);
  return 2 * epsilon * static_cast<double>(p.degree()) * sum;
}

bool is_root(const Polynomial& p, Complex z) {
  return std::abs(p(z).value) <= rounding_bound(p, z);
}

// First guesses on circles whose radii are the likely moduli of the roots: the slopes of the upper
// convex hull of the points (j, log |c_j|), where c_j belongs to the power j (D. A. Bini, 1996).
Roots first_guesses(const Polynomial& p) {
  const std::size_t degree = p.degree();
  const auto height = [&](std::size_t power) {
    return std::log(std::abs(p.coefficients()[degree - power]));  // -infinity where it is 0
  };
  const auto slope = [&](std::size_t from, std::size_t to) {
    return (height(to) - height(from)) / static_cast<double>(to - from);
  };
  Roots guesses;
  for (std::size_t from = 0; from < degree;) {
    std::size_t to = from + 1;
    for (std::size_t power = to + 1; power <= degree; ++power) {
      if (slope(from, power) >= slope(from, to)) to = power;
    }
    const double radius = std::exp(-slope(from, to));
    for (std::size_t k = from; k < to; ++k) {
      // Any offset will do that keeps the guesses away from the axes the roots are symmetric to.
      const double turn = static_cast<double>(k - from) / static_cast<double>(to - from) +
                          static_cast<double>(from) / static_cast<double>(degree);
      guesses.push_back(std::polar(radius, 2 * pi * turn + 0.7));
    }
    from = to;
  }
  return guesses;
}

// How far Aberth's method moves root `index`: Newton's step with the other roots divided out.
Complex aberth_step(const Polynomial& p, const Roots& all, std::size_t index) {
  const Complex z = all[index];
  const auto [value, derivative] = p(z);
  Complex inverse = derivative / value;
  for (std::size_t other = 0; other < all.size(); ++other) {
    if (all[other] != z) inverse -= 1.0 / (z - all[other]);
  }
  const Complex step = 1.0 / inverse;
  return is_finite(step) ? step : Complex(0.01, 0.01) * std::abs(z);
}

// Moves the roots that are not `settled` once each; tells whether all of them are settled now.
bool sweep(const Polynomial& p, Roots& all, std::vector<bool>& settled) {
  bool done = true;
  for (std::size_t index = 0; index < all.size(); ++index) {
    if (settled[index]) continue;
    if (!is_root(p, all[index])) {
      const Complex step = aberth_step(p, all, index);
      all[index] -= step;
      settled[index] = std::abs(step) <= epsilon * std::abs(all[index]);
    } else {
      settled[index] = true;
    }
    done = done && settled[index];
  }
  return done;
}

// A few steps of Newton's method, as long as they bring p(z) nearer to 0.
Complex polish(const Polynomial& p, Complex z) {
  for (int step = 0; step < 4; ++step) {
    const auto [value, derivative] = p(z);
    const Complex next = z - value / derivative;
    if (!is_finite(next) || !(std::abs(p(next).value) < std::abs(value))) break;
    z = next;
  }
  return z;
}

Roots approximate(const Polynomial& p) {
  Roots all = first_guesses(p);
  std::vector<bool> settled(all.size(), false);
  for (int count = 0; !sweep(p, all, settled);) {
    if (++count == max_sweeps)
      throw std::runtime_error("the roots of the polynomial cannot be found");
  }
  for (Complex& z : all) {
    z = polish(p, z);
    if (!is_finite(z)) throw std::runtime_error("the roots of the polynomial are out of range");
  }
  return all;
}

// p(z + h) as a polynomial in h, lowest power first: the derivatives p^(k)(z) / k!.
std::vector<Complex> taylor(const Polynomial& p, Complex z) {
  std::vector<Complex> shifted = p.coefficients();
  for (std::size_t end = shifted.size(); end > 1; --end) {
    for (std::size_t k = 1; k < end; ++k) shifted[k] += shifted[k - 1] * z;
  }
  std::reverse(shifted.begin(), shifted.end());
  return shifted;
}

// The radius of a disc around `z` that is sure to hold a root, rounding included: for every k there
// is one within (binomial(n, k) |p(z)| / |p^(k)(z) / k!|)^(1/k).
double inclusion_radius(const Polynomial& p, Complex z) {
  const std::vector<Complex> derivatives = taylor(p, z);
  const double value = std::abs(derivatives[0]) + rounding_bound(p, z);
  const double degree = static_cast<double>(p.degree());
  double radius = std::numeric_limits<double>::infinity();
  double binomial = 1;
  for (std::size_t k = 1; k < derivatives.size(); ++k) {
    const double order = static_cast<double>(k);
    binomial *= (degree - order + 1) / order;
    radius = std::min(radius, std::pow(binomial * value / std::abs(derivatives[k]), 1 / order));
  }
  return radius;
}

// Groups roots whose inclusion discs touch: label[i] is the lowest index in the group of root i.
std::vector<std::size_t> cluster_labels(const Polynomial& p, const Roots& all) {
  std::vector<double> radius;
  for (const Complex z : all) radius.push_back(inclusion_radius(p, z));
  std::vector<std::size_t> label(all.size());
  std::iota(label.begin(), label.end(), std::size_t{0});
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (label[i] == label[j] || std::abs(all[i] - all[j]) > radius[i] + radius[j]) continue;
      const auto [low, high] = std::minmax(label[i], label[j]);
      std::replace(label.begin(), label.end(), std::size_t{high}, std::size_t{low});
    }
  }
  return label;
}

// A root of multiplicity m is a simple root of the derivative of order m - 1, where Newton's method
// finds it to full precision; near `guess` the multiple root itself is lost in rounding.
Complex multiple_root(const Polynomial& p, Complex guess, std::size_t multiplicity) {
  Complex z = guess;
  for (int step = 0; step < 4; ++step) {
    const std::vector<Complex> derivatives = taylor(p, z);
    const Complex next = z - derivatives[multiplicity - 1] /
                                 (static_cast<double>(multiplicity) * derivatives[multiplicity]);
    if (!is_finite(next)) break;
    z = next;
  }
  return is_root(p, z) ? z : guess;
}

void merge_clusters(const Polynomial& p, Roots& all) {
  const std::vector<std::size_t> label = cluster_labels(p, all);
  for (std::size_t first = 0; first < all.size(); ++first) {
    Complex sum = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (label[i] == first) sum += all[i], ++count;
    }
    if (count < 2) continue;
    const Complex centre = multiple_root(p, sum / static_cast<double>(count), count);
    if (!is_root(p, centre)) continue;  // near each other, yet not equal
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (label[i] == first) all[i] = centre;
    }
  }
}

// Roots on an axis are put there: what is off by a rounding error would move their argument from 0
// to nearly 2 pi.
Complex without_noise(Complex z) {
  const double noise = 8 * epsilon * std::abs(z);
  return {std::abs(z.real()) <= noise ? 0.0 : z.real(),
          std::abs(z.imag()) <= noise ? 0.0 : z.imag()};
}

// In [0, 2 pi), where the last bit before 2 pi counts as 0.
double argument(Complex z, double same) {
  const double angle = std::arg(z);
  if (angle >= 0) return angle;
  return angle > -same ? 0 : angle + 2 * pi;
}

void put_in_order(Roots& all) {
  constexpr double same_ray = 1e-9;
  const auto by_argument = [&](Complex a, Complex b) {
    return argument(a, same_ray) < argument(b, same_ray);
  };
  const auto by_modulus = [](Complex a, Complex b) { return std::abs(a) < std::abs(b); };
  std::stable_sort(all.begin(), all.end(), by_argument);
  for (auto first = all.begin(); first != all.end();) {
    auto last = first + 1;
    while (last != all.end() &&
           argument(*last, same_ray) - argument(last[-1], same_ray) < same_ray) {
      ++last;
    }
    std::stable_sort(first, last, by_modulus);
    first = last;
  }
}

// p(2^exponent z) / 2^(degree * exponent): the same shape at another scale, without any rounding.
Polynomial scaled(const Polynomial& p, int exponent) {
  std::vector<Complex> coefficients = p.coefficients();
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    const int shift = -exponent * static_cast<int>(k);
    coefficients[k] = {std::ldexp(coefficients[k].real(), shift),
                       std::ldexp(coefficients[k].imag(), shift)};
  }
  return Polynomial(std::move(coefficients));
}

// The roots of a monic polynomial that has no root 0, in any order. It is scaled so that the mean
// modulus of the roots is about 1 and its powers stay within range.
Roots nonzero_roots(const Polynomial& p) {
  if (p.degree() == 1) return {-p.coefficients()[1]};
  const double constant = std::abs(p.coefficients().back());
  const int exponent =
      static_cast<int>(std::lround(std::log2(constant) / static_cast<double>(p.degree())));
  const Polynomial balanced = scaled(p, exponent);
  Roots all = approximate(balanced);
  merge_clusters(balanced, all);
  for (Complex& z : all) z = {std::ldexp(z.real(), exponent), std::ldexp(z.imag(), exponent)};
  return all;
}

}  // namespace

std::vector<Complex> roots(const Polynomial& polynomial) {
  std::vector<Complex> coefficients = polynomial.monic().coefficients();
  Roots all;
  while (coefficients.back() == Complex(0)) {  // stops at the leading 1
    coefficients.pop_back();
    all.emplace_back(0);
  }
  if (coefficients.size() > 1) {
    const Roots others = nonzero_roots(Polynomial(std::move(coefficients)));
    all.insert(all.end(), others.begin(), others.end());
  }
  std::transform(all.begin(), all.end(), all.begin(), without_noise);
  put_in_order(all);
  return all;
}

}  // namespace newton
