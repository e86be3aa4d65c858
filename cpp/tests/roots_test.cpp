#include <newton/roots.hpp>

#include <cmath>
#include <cstdint>
#include <utility>

#include "check.hpp"

using newton::Complex;
using newton::Polynomial;
using newton::roots;

namespace {

using Numbers = std::vector<Complex>;

// The monic polynomial with these roots.
Polynomial with_roots(const Numbers& numbers) {
  Numbers coefficients{1};
  for (const Complex root : numbers) {
    coefficients.emplace_back(0);
    for (std::size_t k = coefficients.size() - 1; k > 0; --k) {
      coefficients[k] -= coefficients[k - 1] * root;
    }
  }
  return Polynomial(std::move(coefficients));
}

bool are_close(const Numbers& found, const Numbers& expected, double tolerance) {
  bool all = found.size() == expected.size();
  for (std::size_t k = 0; all && k < found.size(); ++k) {
    all = std::abs(found[k] - expected[k]) <= tolerance * (1 + std::abs(expected[k]));
  }
  if (all) return true;
  for (const Complex z : found) std::fprintf(stderr, "found %.17g%+.17gi\n", z.real(), z.imag());
  return false;
}

void finds_them_in_order() {
  const double s = std::sqrt(3) / 2;
  CHECK(are_close(roots(Polynomial({1, 0, 0, -1})), {1, {-0.5, s}, {-0.5, -s}}, 1e-15));
  CHECK(are_close(roots(Polynomial({1, 0, 0, 0, -16})), {2, {0, 2}, -2, {0, -2}}, 1e-15));
  // On one ray the nearer one comes first, and 0 before all others.
  CHECK(are_close(roots(with_roots({3, -1, 1, 0, 2, {0, 5}})), {0, 1, 2, 3, {0, 5}, -1}, 1e-13));
}

void puts_real_roots_on_the_axis() {
  for (const Complex z : roots(with_roots({1, 2, 3, 4, 5}))) CHECK(z.imag() == 0);
}

void solves_degree_one() {
  CHECK(roots(Polynomial({2, -1})) == Numbers{0.5});
  CHECK(roots(Polynomial({0, 4, 0})) == Numbers{0});
  CHECK(roots(Polynomial({Complex(0, 1), 1})) == (Numbers{Complex(0, 1)}));
}

void merges_multiple_roots() {
  CHECK(roots(Polynomial({1, 0, 0, 0, 0})) == Numbers(4, 0));
  CHECK(roots(Polynomial({1, -2, 1})) == Numbers(2, 1));
  for (const int multiplicity : {2, 3, 4, 5, 7}) {
    Numbers expected(static_cast<std::size_t>(multiplicity), Complex(0.7, 0.3));
    expected.emplace_back(-2, 0.5);
    const Numbers found = roots(with_roots(expected));
    CHECK(are_close(found, expected, 1e-12));
    for (int k = 1; k < multiplicity; ++k) CHECK(found[static_cast<std::size_t>(k)] == found[0]);
  }
}

void merges_several_at_once() {
  const Numbers expected{1, 1, {0, 2}, {0, 2}, {0, 2}, -3};
  CHECK(are_close(roots(with_roots(expected)), expected, 1e-11));
}

void keeps_near_roots_apart() {
  const Numbers found = roots(with_roots({1, 1.001, -1}));
  CHECK(are_close(found, {1, 1.001, -1}, 1e-11));
  CHECK(found[0] != found[1]);
}

void copes_with_very_different_sizes() {
  CHECK(are_close(roots(with_roots({1e-6, 1, 1e6})), {1e-6, 1, 1e6}, 1e-13));
  CHECK(are_close(roots(Polynomial({1e-200, 0, -1e-100})), {1e50, -1e50}, 1e-14));
  CHECK(are_close(roots(Polynomial({1, 0, -1e-200})), {1e-100, -1e-100}, 1e-114));
}

void copes_with_high_degrees() {
  Numbers coefficients(101, 0);
  coefficients.front() = 1;
  coefficients.back() = -1;
  const Numbers found = roots(Polynomial(std::move(coefficients)));
  for (std::size_t k = 0; k < found.size(); ++k) {
    const double turn = 2 * 3.14159265358979323846 * static_cast<double>(k) / 100;
    CHECK(std::abs(found[k] - std::polar(1.0, turn)) < 1e-14);
  }
}

double random_number(std::uint64_t& state) {  // in [-1, 1), by Knuth's linear congruences
  state = state * 6364136223846793005U + 1442695040888963407U;
  return static_cast<double>(state >> 11) / 4503599627370496.0 - 1;
}

// A root is as good as it can be if a change of the coefficients in their last bits explains it.
void satisfies_random_polynomials() {
  std::uint64_t state = 1;
  for (int count = 0; count < 2000; ++count) {
    Numbers coefficients;
    const bool real = count % 2 == 0;
    for (int k = 0; k <= 1 + count % 24; ++k) {
      coefficients.emplace_back(random_number(state), real ? 0 : random_number(state));
    }
    const Polynomial p(coefficients);
    const Numbers found = roots(p);
    CHECK(found.size() == p.degree());
    for (const Complex z : found) {
      double size = 0;
      for (const Complex c : coefficients) size = size * std::abs(z) + std::abs(c);
      CHECK(std::abs(p(z).value) <= 1e-14 * static_cast<double>(p.degree()) * size);
    }
  }
}

// Vieta: none of the roots was found twice in place of another.
void adds_up() {
  const Numbers numbers{{1, 2}, {1, -2}, 0.1, -7, {3, 0.25}, {0, -1}, 12};
  Complex sum = 0;
  for (const Complex z : roots(with_roots(numbers))) sum += z;
  CHECK(std::abs(sum - Complex(10.1, -0.75)) < 1e-11);
}

}  // namespace

int main() {
  finds_them_in_order();
  puts_real_roots_on_the_axis();
  solves_degree_one();
  merges_multiple_roots();
  merges_several_at_once();
  keeps_near_roots_apart();
  copes_with_very_different_sizes();
  copes_with_high_degrees();
  satisfies_random_polynomials();
  adds_up();
  return check::failures == 0 ? 0 : 1;
}
