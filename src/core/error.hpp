#pragma once

#include <stdexcept>
#include <string>

namespace laq {

/// The parts of an error message. Only `what` is required; the rest is left out of the line when
/// empty.
struct Problem {
  std::string what;           ///< what is wrong, in a few words
  std::string where = {};     ///< file:line, key or command-line option
  std::string found = {};     ///< what was there
  std::string expected = {};  ///< what should have been there
  std::string advice = {};    ///< what to do about it
};

/// The one exception of this library. `what()` is a single line for a person to read.
class Error : public std::runtime_error {
 public:
  /// `usage`: the command line or a configuration is wrong (exit code 2); `not_finite`: a weight,
  /// curvature or loss is NaN or infinite; `failure`: anything else (1).
  enum class Kind { failure, usage, not_finite };

  explicit Error(const Problem& problem, Kind kind = Kind::failure);
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// An `Error` of kind `usage`.
Error usage_error(const Problem& problem);

/// What an exception of any library says, in one line. A lack of memory reads the same from all.
std::string reason_of(const std::exception& error);

/// "open failed: No space left on device" style text for the current `errno`.
std::string errno_text();

}  // namespace laq
