#include "train/torch_info.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <omp.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <cctype>
#include <cstdlib>

#include "core/error.hpp"
#include "core/limits.hpp"
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

c10::Device device_named(const std::string& word) {
  if (word == "cpu") return at::kCPU;
  const bool numbered = word.starts_with("cuda:") && word.size() == 6 && std::isdigit(word[5]);
  if (word != "cuda" && !numbered) {
    throw usage_error({.what = "unknown device",
                       .where = "--device",
                       .found = "'" + word + "'",
                       .expected = "cpu, cuda or cuda:N"});
  }
  if (!at::globalContext().hasCUDA()) {
    throw usage_error(
        {.what = "CUDA cannot be used here",
         .where = "--device",
         .found = "LibTorch " + libtorch_version() + " without CUDA, or no GPU",
         .advice = "use --device cpu, or build against a LibTorch with CUDA: see docs/gpu.md"});
  }
  const int gpus = static_cast<int>(torch::cuda::device_count());
  if (numbered && word[5] - '0' >= gpus) {
    throw usage_error({.what = "no such GPU",
                       .where = "--device",
                       .found = "'" + word + "'",
                       .expected = "cuda:0 to cuda:" + std::to_string(gpus - 1)});
  }
  return c10::Device(word);
}

void prepare_device(c10::Device device) {
  if (!device.is_cuda()) return;
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  // Workspaces of one size: cuBLAS, also as cuDNN calls it, then repeats its sums in one order.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
}

void set_threads(int threads) {
  require_threads(threads);
  if (at::hasMKL()) return at::set_num_threads(threads);  // MKL has a number of its own
  // That function also makes a pool which nothing here uses, and waits for ever for threads that
  // the system does not give.
  at::get_num_threads();  // the first call in a thread sets OpenMP's number
  omp_set_num_threads(threads);
}

}  // namespace laq::train
