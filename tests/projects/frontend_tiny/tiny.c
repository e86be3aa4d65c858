#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef USE_GETENTROPY
#include <unistd.h> /* getentropy is GLIBC_2.25 on every architecture that had glibc before */
#endif

static PyObject* answer(PyObject* self, PyObject* arguments) {
  (void)self;
  (void)arguments;
#ifdef USE_GETENTROPY
  char byte;
  if (getentropy(&byte, 1)) return PyErr_SetFromErrno(PyExc_OSError);
#endif
  return PyLong_FromLong(ANSWER);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_tiny", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__tiny(void) { return PyModuleDef_Init(&module); }
