#include "runtime/failure.hpp"

namespace laq::runtime {

std::string quoted(const std::string& text) {
  constexpr std::size_t kMost = 60;
  std::string shown = "'";
  for (const char c : text.substr(0, kMost)) {
    const bool plain = static_cast<unsigned char>(c) >= 32 && c != 127;
    shown += plain ? c : '?';
  }
  return shown + (text.size() > kMost ? "...'" : "'");
}

Budget::Budget(std::size_t file_size) {
  constexpr std::size_t kFactor = 32, kLeast = std::size_t{64} << 20;
  limit_ = left_ = file_size > static_cast<std::size_t>(-1) / kFactor
                       ? static_cast<std::size_t>(-1)
                       : (file_size * kFactor > kLeast ? file_size * kFactor : kLeast);
}

void Budget::take(std::size_t count, std::size_t size_of_one, const char* what) {
  const std::size_t bytes = times(count, size_of_one);
  if (bytes > left_) {
    throw Failure(std::string(what) + " would take " + std::to_string(bytes) +
                  " bytes; a file of this size may use " + std::to_string(limit_) +
                  " in all, of which " + std::to_string(left_) + " are left");
  }
  left_ -= bytes;
}

std::size_t times(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) throw Failure("a size does not fit into 64 bits");
  return product;
}

}  // namespace laq::runtime
