// Newton basins as a PNG file: the picture by newton, the file by libpng.

#include <newton/newton.hpp>

#include <png.h>

#include <pybind11/complex.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace py = pybind11;

namespace {

png_byte channel(double hue, double saturation, double value, double offset) {
  const double k = std::fmod(offset + hue * 6.0, 6.0);
  const double dip = saturation * std::clamp(std::min(k, 4.0 - k), 0.0, 1.0);
  return static_cast<png_byte>(std::lround(255.0 * value * (1.0 - dip)));
}

std::vector<png_byte> to_rgb(const std::vector<double>& hsv) {
  std::vector<png_byte> rgb(hsv.size());
  for (std::size_t i = 0; i < hsv.size(); i += 3) {
    rgb[i] = channel(hsv[i], hsv[i + 1], hsv[i + 2], 5.0);
    rgb[i + 1] = channel(hsv[i], hsv[i + 1], hsv[i + 2], 3.0);
    rgb[i + 2] = channel(hsv[i], hsv[i + 1], hsv[i + 2], 1.0);
  }
  return rgb;
}

void write_png(const std::string& path, std::size_t width, std::size_t height,
               const std::vector<png_byte>& rgb) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  errno = 0;
  if (!png_image_write_to_file(&image, path.c_str(), 0, rgb.data(), 0, nullptr)) {
    throw std::system_error(errno ? errno : EIO, std::generic_category(), path);
  }
}

void draw(const std::string& path, std::size_t width, std::size_t height,
          std::vector<newton::Complex> coefficients, std::array<double, 4> region, int steps,
          double tolerance) {
  const py::gil_scoped_release unlocked;
  const newton::Polynomial polynomial(std::move(coefficients));
  const newton::Grid grid{width, height, {region[0], region[1], region[2], region[3]}};
  write_png(path, width, height, to_rgb(newton::basins(polynomial, grid, {steps, tolerance})));
}

}  // namespace

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  py::register_exception_translator([](std::exception_ptr raised) {
    try {
      if (raised) std::rethrow_exception(raised);
    } catch (const std::system_error& error) {
      const py::object arguments = py::make_tuple(error.code().value(), error.what());
      PyErr_SetObject(PyExc_OSError, arguments.ptr());
    }
  });
  m.def("draw", &draw, py::arg("path"), py::arg("width"), py::arg("height"),
        py::arg("coefficients"), py::arg("region"), py::arg("steps"), py::arg("tolerance"));
}
