#pragma once

#include "kernels/gpu_common.cuh"

// The team of a GPU that works on a tile.

namespace laq::kernels {
namespace {

/// A block that works on a tile.
struct TileExchange {
  static constexpr int kWarps = kTileThreads / 32, kNearOfWarp = 96, kMostCounts = 512;
  double partial[kWarps][Gather::kMostRows];
  Near near[kWarps][kNearOfWarp];
  int near_count[kWarps];
  int counts[kMostCounts];
};

class TileTeam {
 public:
  using Bound = float;

  __device__ explicit TileTeam(TileExchange& exchange) : exchange_(exchange) {}

  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return kTileThreads; }

  __device__ void begin_near() { near_ = 0; }
  __device__ void add_near(bool wanted, const Near& one) {
    const unsigned who = __ballot_sync(kAll, wanted);
    const int at = near_ + __popc(who & ((1u << lane()) - 1));
    if (wanted && at < TileExchange::kNearOfWarp) exchange_.near[warp()][at] = one;
    near_ += __popc(who);
  }
  __device__ int end_near(Near* to, int most) {
    if (lane() == 0) exchange_.near_count[warp()] = near_;
    __syncthreads();
    int before = 0, all = 0;
    bool too_many = false;
#pragma unroll
    for (int w = 0; w < TileExchange::kWarps; ++w) {
      const int n = exchange_.near_count[w];
      too_many = too_many || n > TileExchange::kNearOfWarp;
      before += w < warp() ? n : 0;
      all += n;
    }
    if (too_many || all > most) return -1;
    for (int i = lane(); i < near_; i += 32) to[before + i] = exchange_.near[warp()][i];
    return all;
  }
  __device__ void begin_counts(int n) {
    for (int i = rank(); i < n; i += kTileThreads) exchange_.counts[i] = 0;
    __syncthreads();
  }
  __device__ void count(int place) {
    atomicAdd(&exchange_.counts[place], 1);
  }
  __device__ void end_counts(int n, std::int32_t* to) {
    __syncthreads();
    for (int i = rank(); i < n; i += kTileThreads) to[i] = exchange_.counts[i];
  }
  template <int N, int Maxima>
  __device__ void write_sums(const double* sums, double* out, std::int64_t stride) {
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const double of_warp = i < Maxima ? warp_max(sums[i]) : warp_sum(sums[i]);
      if (lane() == 0) exchange_.partial[warp()][i] = of_warp;
    }
    __syncthreads();
    if (rank() < N) {
      double total = exchange_.partial[0][rank()];
      for (int w = 1; w < TileExchange::kWarps; ++w) {
        const double one = exchange_.partial[w][rank()];
        total = rank() < Maxima ? fmax(total, one) : total + one;
      }
      out[rank() * stride] = total;
    }
  }

 private:
  TileExchange& exchange_;
  int near_ = 0;
};

}  // namespace
}  // namespace laq::kernels
