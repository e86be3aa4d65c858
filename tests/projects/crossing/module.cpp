// Throws, catches and casts what another module of the same source may have made.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace py = pybind11;

class __attribute__((visibility("default"))) Shape {
public:
    virtual ~Shape() = default;
    virtual double area() const = 0;
};

class __attribute__((visibility("default"))) Square : public Shape {
public:
    explicit Square(double side) : side_(side) {}
    double area() const override { return side_ * side_; }
    double side() const { return side_; }

private:
    double side_;
};

class __attribute__((visibility("default"))) Refusal : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

static double side_of(const Shape &shape) {
    const auto *square = dynamic_cast<const Square *>(&shape);
    return square == nullptr ? -1 : square->side();
}

static std::string catch_in_thread() {
    std::string caught = "nothing";
    std::thread worker([&caught] {
        try {
            throw Refusal("in a thread");
        } catch (const std::runtime_error &error) {
            std::ostringstream text;
            text << error.what() << ' ' << 1.5;
            caught = text.str();
        }
    });
    worker.join();
    return caught;
}

PYBIND11_MODULE(NAME, m) {
    m.def("domain", [] { throw std::domain_error("outside"); });
    m.def("range", [] { throw std::out_of_range("beyond"); });
    m.def("refuse", [] { throw Refusal("no"); });
    m.def("catch_in_thread", &catch_in_thread);
    m.def("calls", [](const py::function &other) {
        try {
            other();
        } catch (py::error_already_set &error) {
            return std::string(py::str(error.type().attr("__name__")));
        }
        return std::string("nothing");
    });
    m.def("side_of", &side_of);
#ifdef OWNER
    py::register_exception<Refusal>(m, "Refusal");
    py::class_<Shape>(m, "Shape").def("area", &Shape::area);
    py::class_<Square, Shape>(m, "Square").def(py::init<double>());
#endif
}
