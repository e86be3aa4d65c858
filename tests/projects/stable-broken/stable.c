#include <Python.h>

static PyObject *greet(PyObject *self, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    return text ? PyUnicode_FromFormat("hello %s", text) : NULL;
}

static PyMethodDef methods[] = {{"greet", greet, METH_O, NULL}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "stable", NULL, -1, methods};

PyMODINIT_FUNC PyInit_stable(void)
{
    return PyModule_Create(&definition);
}
