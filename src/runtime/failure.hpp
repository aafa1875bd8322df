#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace laq::runtime {

/// A file that cannot be used, or a network that cannot be run; one line.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// "'name'" for messages: what a file says, without control characters and not too long.
std::string quoted(const std::string& text);

/// What may be allocated for a file: 32 times its size, and 64 MiB however small it is.
class Budget {
 public:
  explicit Budget(std::size_t file_size);

  /// To be called before memory is taken. Failure: it is more than is left.
  void take(std::size_t count, std::size_t size_of_one, const char* what);

 private:
  std::size_t limit_, left_;
};

/// Products of sizes. Failure: it does not fit.
std::size_t times(std::size_t a, std::size_t b);

}  // namespace laq::runtime
