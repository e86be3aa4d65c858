/* A module for every Python from 3.15 on, with the GIL or without (PEP 803, 793). */
#define Py_LIMITED_API 0x030f0000
#define Py_TARGET_ABI3T 0x030f0000
#include <Python.h>

static PyObject *answer(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL}};

PyABIInfo_VAR(abi_info);

static PySlot slots[] = {
    PySlot_STATIC_DATA(Py_mod_name, "threaded"),
    PySlot_STATIC_DATA(Py_mod_abi, &abi_info),
    PySlot_STATIC_DATA(Py_mod_methods, methods),
    PySlot_DATA(Py_mod_gil, Py_MOD_GIL_NOT_USED),
    PySlot_END,
};

PyMODEXPORT_FUNC PyModExport_threaded(void)
{
    return slots;
}
