#include <pybind11/pybind11.h>

PYBIND11_MODULE(bound, m)
{
    m.def("answer", [] { return 42; });
}
