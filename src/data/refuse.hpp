#pragma once

#include <string>

#include "core/error.hpp"

namespace laq::data {

/// Throws the error that a file of numbers has.
[[noreturn]] inline void refuse(const std::string& where, const std::string& what,
                                const std::string& found = "", const std::string& expected = "",
                                const std::string& advice = "") {
  throw Error(
      {.what = what, .where = where, .found = found, .expected = expected, .advice = advice});
}

}  // namespace laq::data
