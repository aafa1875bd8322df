#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "kernels/fit_visit.hpp"

// Each .cu file has what is here to itself.

namespace laq::kernels {
namespace {

constexpr int kTileThreads = 256, kFitThreads = 512, kSmallThreads = 256;
constexpr unsigned kAll = 0xffffffffu;

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(error));
}

__device__ double warp_sum(double x) {
  for (int apart = 16; apart > 0; apart /= 2) x += __shfl_down_sync(kAll, x, apart);
  return x;
}
__device__ double warp_max(double x) {
  for (int apart = 16; apart > 0; apart /= 2) x = fmax(x, __shfl_down_sync(kAll, x, apart));
  return x;
}

[[maybe_unused]] void launched(const char* what) {
  check(cudaGetLastError(), what);
}

}  // namespace
}  // namespace laq::kernels
