// Py_LIMITED_API is defined by CMakeLists.txt: only names of the stable ABI can be used.
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>

// Return the number of primes smaller than `below`; -1 if there is no memory for the sieve.
static int64_t count_primes(int64_t below) {
  if (below <= 2) {
    return 0;
  }
  const size_t size = (size_t)below;
  unsigned char* composite = calloc(size, 1);
  if (composite == NULL) {
    return -1;
  }
  int64_t count = 0;
  for (size_t number = 2; number < size; ++number) {
    if (composite[number]) {
      continue;
    }
    ++count;
    for (size_t multiple = number * 2; multiple < size; multiple += number) {
      composite[multiple] = 1;
    }
  }
  free(composite);
  return count;
}

static PyObject* count_primes_py(PyObject* module, PyObject* arguments, PyObject* keywords) {
  (void)module;
  static char* names[] = {"below", NULL};
  long long below = 0;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "L:count_primes", names, &below)) {
    return NULL;
  }
  if (below < 0) {
    PyErr_SetString(PyExc_ValueError, "below must not be negative");
    return NULL;
  }
  PyThreadState* state = PyEval_SaveThread();  // other threads may run meanwhile
  const int64_t count = count_primes(below);
  PyEval_RestoreThread(state);
  return count < 0 ? PyErr_NoMemory() : PyLong_FromLongLong(count);
}

static PyMethodDef methods[] = {
    {"count_primes", (PyCFunction)(void (*)(void))count_primes_py, METH_VARARGS | METH_KEYWORDS,
     "count_primes(below)\n--\n\nReturn the number of primes smaller than `below`."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)  // a build of its own, without the stable ABI
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_core",
    .m_doc = "Prime numbers, counted in C.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__core(void) {
  return PyModuleDef_Init(&definition);
}
