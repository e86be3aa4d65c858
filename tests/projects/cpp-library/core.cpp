// A C++ library of the wheel's own: streams, strings and exceptions leave it.
#include <ostream>
#include <stdexcept>
#include <string>

void say(std::ostream &out, const std::string &name) { out << name << ' ' << 1.5 << std::endl; }

void fail() { throw std::domain_error("from core"); }
