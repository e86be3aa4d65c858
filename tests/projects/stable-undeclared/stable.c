#include <Python.h>

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "stable", NULL, -1, NULL};

PyMODINIT_FUNC PyInit_stable(void)
{
    return PyModule_Create(&definition);
}
