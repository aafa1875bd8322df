#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace laq::fuzz {

/// Reads what the fuzzer made. A reader may refuse it with an `Error` of one line; whatever else it
/// throws ends the fuzzer, as a crash does.
template <typename Read>
void read(Read action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (message.empty() || message.find('\n') != message.npos) __builtin_trap();
  }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace laq::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
