#include <Python.h>

int answer(void);

static PyObject *ask(PyObject *self, PyObject *nothing)
{
    return PyLong_FromLong((answer() + NUMBER) * (LOUD ? 2 : 1));
}

static PyMethodDef methods[] = {{"ask", ask, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "kept", NULL, -1, methods};

PyMODINIT_FUNC PyInit_kept(void)
{
    return PyModule_Create(&definition);
}
