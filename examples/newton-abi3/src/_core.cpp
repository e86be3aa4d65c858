// newton for every Python from 3.9 on: nothing but names of the stable ABI of that version.
//
// It has no buffer protocol before 3.11, and numpy's C interface is no part of it. So numbers come
// as a list, and pictures go back as a bytearray, which the Python side of the package wraps in an
// array without copying.

#include <Python.h>

#include <newton/newton.hpp>

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using newton::Complex;

// The Python exception to return to the interpreter with is already set.
struct PythonError {};

struct Release {
  void operator()(PyObject* object) const { Py_DecRef(object); }
};
using Reference = std::unique_ptr<PyObject, Release>;

// Lets other Python threads run for as long as it lives.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked() { PyEval_RestoreThread(state_); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
};

// Runs `action`, which returns a new reference; turns what it throws into a Python exception.
template <class Action>
PyObject* guarded(Action action) {
  try {
    return action().release();
  } catch (const PythonError&) {
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::invalid_argument& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

Complex complex_from(PyObject* number) {
  const Complex value(PyComplex_RealAsDouble(number), PyComplex_ImagAsDouble(number));
  if (PyErr_Occurred() != nullptr) throw PythonError();
  return value;
}

newton::Polynomial polynomial_from(PyObject* list) {
  std::vector<Complex> coefficients;
  for (Py_ssize_t index = 0; index < PyList_Size(list); ++index) {
    coefficients.push_back(complex_from(PyList_GetItem(list, index)));
  }
  return newton::Polynomial(std::move(coefficients));
}

// A bytearray of `count` doubles that are not set yet.
Reference new_doubles(std::size_t count) {
  Reference bytes(
      PyByteArray_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(count * sizeof(double))));
  if (!bytes) throw PythonError();
  return bytes;
}

std::size_t positive(const char* name, Py_ssize_t number) {
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

Reference draw(PyObject* arguments) {
  Py_ssize_t width = 0;
  Py_ssize_t height = 0;
  PyObject* coefficients = nullptr;
  newton::Region region{};
  newton::Limits limits{};
  int threads = 0;
  if (PyArg_ParseTuple(arguments, "nnO!ddddidi:compute", &width, &height, &PyList_Type,
                       &coefficients, &region.re_min, &region.re_max, &region.im_min,
                       &region.im_max, &limits.steps, &limits.tolerance, &threads) == 0) {
    throw PythonError();
  }
  const newton::Polynomial polynomial = polynomial_from(coefficients);
  const newton::Grid grid{positive("imw", width), positive("imh", height), region};
  const unsigned helpers = thread_count(threads);
  Reference picture = new_doubles(grid.picture_size());
  // The memory comes from Python's allocator, whose alignment suits every type.
  auto* const hsv = reinterpret_cast<double*>(PyByteArray_AsString(picture.get()));
  {
    const Unlocked unlocked;
    newton::draw_basins(polynomial, grid, limits, hsv, helpers);
  }
  return picture;
}

Reference find_roots(PyObject* arguments) {
  PyObject* coefficients = nullptr;
  if (PyArg_ParseTuple(arguments, "O!:roots", &PyList_Type, &coefficients) == 0) {
    throw PythonError();
  }
  const std::vector<Complex> found = newton::roots(polynomial_from(coefficients));
  Reference bytes = new_doubles(2 * found.size());
  std::memcpy(PyByteArray_AsString(bytes.get()), found.data(), found.size() * sizeof(Complex));
  return bytes;
}

PyObject* compute(PyObject* /*module*/, PyObject* arguments) {
  return guarded([&] { return draw(arguments); });
}

PyObject* roots(PyObject* /*module*/, PyObject* arguments) {
  return guarded([&] { return find_roots(arguments); });
}

PyMethodDef methods[] = {
    {"compute", compute, METH_VARARGS,
     "The picture as a bytearray of doubles; the arguments are those of newton_abi3.compute."},
    {"roots", roots, METH_VARARGS, "The roots as a bytearray of pairs of doubles."},
    {nullptr, nullptr, 0, nullptr},
};

// The module has no state, so it needs nothing done to a new copy of it.
PyModuleDef_Slot slots[] = {{0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_core",
    "Newton basins in C++.",
    0,
    methods,
    slots,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__core() {
  return PyModuleDef_Init(&definition);
}
