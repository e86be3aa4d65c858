#include "kernel.hpp"

#include <cstddef>

// The step is plain C++ that compilers turn into vector code. For x86-64 there is a second copy of
// it, compiled for AVX2 and chosen at run time: about 1.5 times as fast as the SSE2 that every
// x86-64 has. Multiplications and additions are never fused (-ffp-contract=off), so both round
// alike.
#if defined(__GNUC__)
#define NEWTON_INLINE [[gnu::always_inline]] inline
#else
#define NEWTON_INLINE inline
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#define NEWTON_HAS_AVX2_COPY
#include <cpuid.h>
#endif

namespace newton::kernel {
namespace {

struct Vector {
  alignas(64) double re[lane_count];
  alignas(64) double im[lane_count];
};

// p and p' at all lanes by Horner's rule, begun at p = z + c_0, p' = 1.
NEWTON_INLINE void evaluate(const Lanes& z, const std::vector<Complex>& coefficients, Vector& p,
                            Vector& dp) {
  const double first_re = coefficients[0].real();
  const double first_im = coefficients[0].imag();
  for (int i = 0; i < lane_count; ++i) {
    p.re[i] = z.re[i] + first_re;
    p.im[i] = z.im[i] + first_im;
    dp.re[i] = 1;
    dp.im[i] = 0;
  }
  for (std::size_t k = 1; k < coefficients.size(); ++k) {
    const double c_re = coefficients[k].real();
    const double c_im = coefficients[k].imag();
    for (int i = 0; i < lane_count; ++i) {
      const double dp_re = dp.re[i] * z.re[i] - dp.im[i] * z.im[i] + p.re[i];
      const double dp_im = dp.re[i] * z.im[i] + dp.im[i] * z.re[i] + p.im[i];
      const double p_re = p.re[i] * z.re[i] - p.im[i] * z.im[i] + c_re;
      const double p_im = p.re[i] * z.im[i] + p.im[i] * z.re[i] + c_im;
      dp.re[i] = dp_re;
      dp.im[i] = dp_im;
      p.re[i] = p_re;
      p.im[i] = p_im;
    }
  }
}

// z -= p / p'. Where p' is 0 the quotient is infinite or not a number, and so is z from then on.
NEWTON_INLINE void move(Lanes& z, const Vector& p, const Vector& dp) {
  for (int i = 0; i < lane_count; ++i) {
    const double inverse = 1 / (dp.re[i] * dp.re[i] + dp.im[i] * dp.im[i]);
    z.re[i] -= (p.re[i] * dp.re[i] + p.im[i] * dp.im[i]) * inverse;
    z.im[i] -= (p.im[i] * dp.re[i] - p.re[i] * dp.im[i]) * inverse;
  }
}

NEWTON_INLINE double squared_distance(double re, double im, Complex root) {
  const double x = re - root.real();
  const double y = im - root.imag();
  return x * x + y * y;
}

NEWTON_INLINE void measure(Lanes& z, const std::vector<Complex>& roots) {
  for (int i = 0; i < lane_count; ++i) {
    z.nearest[i] = squared_distance(z.re[i], z.im[i], roots[0]);
  }
  for (std::size_t k = 1; k < roots.size(); ++k) {
    const Complex root = roots[k];
    for (int i = 0; i < lane_count; ++i) {
      const double distance = squared_distance(z.re[i], z.im[i], root);
      z.nearest[i] = distance < z.nearest[i] ? distance : z.nearest[i];
    }
  }
}

NEWTON_INLINE void step(Lanes& lanes, const Problem& problem) {
  Vector p;
  Vector dp;
  evaluate(lanes, problem.coefficients, p, dp);
  move(lanes, p, dp);
  measure(lanes, problem.roots);
}

#if defined(NEWTON_HAS_AVX2_COPY)
[[gnu::target("avx2")]] void step_avx2(Lanes& lanes, const Problem& problem) {
  step(lanes, problem);
}

// Asks the processor itself: __builtin_cpu_supports needs data that not every compiler's runtime
// library has. A system that does not save the wide registers (XCR0) makes AVX2 unusable.
bool cpu_has_avx2() {
  constexpr unsigned wide_registers = 6;
  constexpr unsigned avx_usable = bit_OSXSAVE | bit_AVX;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & avx_usable) != avx_usable) return false;
  __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  if ((eax & wide_registers) != wide_registers) return false;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & bit_AVX2) != 0;
}
#endif

}  // namespace

Problem::Problem(const Polynomial& polynomial, const std::vector<Complex>& all_roots)
    : coefficients(polynomial.monic().coefficients()), roots(all_roots) {
  coefficients.erase(coefficients.begin());
}

int Problem::nearest_root(double re, double im) const {
  int nearest = 0;
  double least = squared_distance(re, im, roots[0]);
  for (std::size_t k = 1; k < roots.size(); ++k) {
    const double distance = squared_distance(re, im, roots[k]);
    if (distance < least) {
      least = distance;
      nearest = static_cast<int>(k);
    }
  }
  return nearest;
}

void step_portable(Lanes& lanes, const Problem& problem) {
  step(lanes, problem);
}

Step best_step() {
#if defined(NEWTON_HAS_AVX2_COPY)
  static const bool has_avx2 = cpu_has_avx2();
  if (has_avx2) return step_avx2;
#endif
  return step_portable;
}

}  // namespace newton::kernel
