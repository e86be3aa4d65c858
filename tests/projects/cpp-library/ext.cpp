// The module that uses it.
#include <Python.h>

#include <sstream>
#include <stdexcept>
#include <string>

void say(std::ostream &out, const std::string &name);
void fail();

static PyObject *ask(PyObject *, PyObject *) {
    std::ostringstream out;
    say(out, "core");
    try {
        fail();
    } catch (const std::domain_error &error) {
        out << error.what();
    } catch (...) {
        out << "something unknown";
    }
    return PyUnicode_FromString(out.str().c_str());
}

static PyMethodDef methods[] = {{"ask", ask, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "ext", nullptr, 0, methods,
                             nullptr,               nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit_ext(void) { return PyModule_Create(&module); }
