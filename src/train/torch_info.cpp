#include "train/torch_info.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "core/text.hpp"

namespace laq::train {

// LibTorch 1.13 does not export a function for it.
std::string cpu_capability() {
  const std::string key = "CPU capability usage: ";
  for (const auto& line : split(at::show_config(), '\n')) {
    if (const auto at = line.find(key); at != std::string::npos)
      return line.substr(at + key.size());
  }
  return "unknown";
}

std::string libtorch_version() {
  return TORCH_VERSION;
}

void set_threads(int threads) {
  at::set_num_threads(threads);
}

}  // namespace laq::train
