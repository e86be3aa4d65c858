// The smallest test framework that says what went wrong and where.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

namespace check {

inline int failures = 0;

inline void report(bool passed, const char* what, int line) {
  if (passed) return;
  ++failures;
  std::fprintf(stderr, "line %d: %s\n", line, what);
}

// True when `action` throws an Error whose text holds `part`.
template <class Error, class Action>
bool throws(const std::string& part, Action action) {
  try {
    action();
  } catch (const Error& error) {
    if (std::string(error.what()).find(part) != std::string::npos) return true;
    std::fprintf(stderr, "another text: %s\n", error.what());
  }
  return false;
}

}  // namespace check

#define CHECK(condition) check::report(static_cast<bool>(condition), #condition, __LINE__)

// `part` must be in the text of the std::invalid_argument that `expression` throws.
#define CHECK_INVALID(expression, part) \
  CHECK((check::throws<std::invalid_argument>(part, [&] { static_cast<void>(expression); })))
