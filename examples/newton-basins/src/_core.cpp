// newton for Python: arrays in, arrays out, and no Python lock while C++ works.

#include <newton/newton.hpp>

#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace py = pybind11;
using newton::Complex;

namespace {

using Coefficients = py::array_t<Complex, py::array::c_style | py::array::forcecast>;

newton::Polynomial polynomial(const Coefficients& coefs) {
  if (coefs.ndim() != 1) {
    throw std::invalid_argument("coefs must have one dimension, not " +
                                std::to_string(coefs.ndim()));
  }
  return newton::Polynomial(std::vector<Complex>(coefs.data(), coefs.data() + coefs.size()));
}

std::size_t positive(const char* name, py::ssize_t number) {
  if (number < 1) {
    throw std::invalid_argument(std::string(name) + " must be at least 1, not " +
                                std::to_string(number));
  }
  return static_cast<std::size_t>(number);
}

unsigned thread_count(int threads) {
  if (threads < 0) {
    throw std::invalid_argument("threads must be 0 (one for each processor) or more, not " +
                                std::to_string(threads));
  }
  return static_cast<unsigned>(threads);
}

py::array_t<double> compute(py::ssize_t imw, py::ssize_t imh, const Coefficients& coefs,
                            double crmin, double crmax, double cimin, double cimax, int itmax,
                            double tol, int threads) {
  const newton::Polynomial p = polynomial(coefs);
  const newton::Grid grid{positive("imw", imw), positive("imh", imh), {crmin, crmax, cimin, cimax}};
  static_cast<void>(grid.picture_size());  // refuses too large a picture before numpy allocates it
  const newton::Limits limits{itmax, tol};
  const unsigned helpers = thread_count(threads);
  py::array_t<double> hsv({imh, imw, py::ssize_t{3}});
  double* const out = hsv.mutable_data();
  {
    const py::gil_scoped_release unlocked;
    newton::draw_basins(p, grid, limits, out, helpers);
  }
  return hsv;
}

py::array_t<Complex> roots(const Coefficients& coefs) {
  const std::vector<Complex> found = newton::roots(polynomial(coefs));
  return py::array_t<Complex>(static_cast<py::ssize_t>(found.size()), found.data());
}

constexpr const char* compute_doc = R"(Draw the basins of attraction of Newton's method.

Pixel (x, y) of the `imw` by `imh` picture starts at the point
crmin + (crmax - crmin) * x / imw + 1j * (cimin + (cimax - cimin) * y / imh) and takes at most
`itmax` Newton steps towards a root of the polynomial whose coefficients `coefs` are given from
the highest power down. A point within `tol` of a root after step i (counted from 0) gets the hue
k / n of that root, the k-th of n in the order of `roots`, saturation 1 and value 1 - i / itmax.
All three are 0 for a point that comes near none.

The result is a float64 array of shape (imh, imw, 3). `threads` threads share the work, 0 stands
for one for each processor; the picture does not depend on it. Raises ValueError for arguments that
make no sense.)";

constexpr const char* roots_doc = R"(All roots of the polynomial, in the order of the hues.

`coefs` are the coefficients from the highest power down. The roots are ordered by argument in
[0, 2 pi), then by modulus; a multiple root appears as often as its multiplicity says. The result
is a complex128 array.)";

}  // namespace

// The module has no state of its own, so an interpreter without a global lock can run it as it is.
PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Newton basins in C++.";
  m.def("compute", &compute, compute_doc, py::arg("imw"), py::arg("imh"), py::arg("coefs"),
        py::arg("crmin"), py::arg("crmax"), py::arg("cimin"), py::arg("cimax"), py::arg("itmax"),
        py::arg("tol"), py::kw_only(), py::arg("threads") = 0);
  m.def("roots", &roots, roots_doc, py::arg("coefs"));
}
