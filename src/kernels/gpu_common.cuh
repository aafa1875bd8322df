#pragma once

#include "kernels/fit_visit.hpp"
#include "kernels/gpu_launch.cuh"

// What the teams of a GPU share. Each .cu file has what is here to itself.
// Parameters of kernels are __grid_constant__: else each thread has a copy of those whose address
// is taken.

namespace laq::kernels {
namespace {

constexpr int kTileThreads = 256, kFitThreads = 512, kSmallThreads = 256, kHeldThreads = 128;
constexpr unsigned kAll = 0xffffffffu;

__device__ int lane() {
  return static_cast<int>(threadIdx.x) & 31;
}
__device__ int warp() {
  return static_cast<int>(threadIdx.x) >> 5;
}
__device__ int warps() {
  return static_cast<int>(blockDim.x) >> 5;
}

__device__ double warp_sum(double x) {
  for (int apart = 16; apart > 0; apart /= 2) x += __shfl_down_sync(kAll, x, apart);
  return x;
}
__device__ double warp_max(double x) {
  for (int apart = 16; apart > 0; apart /= 2) x = fmax(x, __shfl_down_sync(kAll, x, apart));
  return x;
}
/// The sum of this lane's number and those of the lanes before it.
template <typename T>
__device__ T warp_upto(T x) {
  for (int apart = 1; apart < 32; apart *= 2) {
    const T other = __shfl_up_sync(kAll, x, apart);
    if (lane() >= apart) x += other;
  }
  return x;
}
/// The sum of the lanes before this one, given `warp_upto`.
__device__ quant::LevelSums warp_before(double dqw, double dqq) {
  const double w = __shfl_up_sync(kAll, dqw, 1), q = __shfl_up_sync(kAll, dqq, 1);
  if (lane() == 0) return {};
  return {w, q, 0};
}

}  // namespace
}  // namespace laq::kernels
