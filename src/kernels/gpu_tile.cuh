#pragma once

#include <bit>

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
  using Sum = float;

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
  template <int N, int Maxima, typename T>
  __device__ void write_sums(const T* sums, double* out, std::int64_t stride) {
#pragma unroll
    for (int i = 0; i < Maxima; ++i) {
      const double of_warp = warp_max(static_cast<double>(sums[i]));
      if (lane() == 0) exchange_.partial[warp()][i] = of_warp;
    }
    add_over_warp<Maxima, N>(sums);
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
  // Sums Begin … End − 1 over the lanes, 32 at a time.
  template <int Begin, int End, typename T>
  __device__ void add_over_warp(const T* sums) {
    if constexpr (Begin < End) {
      constexpr int kCount = End - Begin < 32 ? End - Begin : 32;
      constexpr int kRoom = static_cast<int>(std::bit_ceil(static_cast<unsigned>(kCount)));
      T x[kRoom];
#pragma unroll
      for (int i = 0; i < kRoom; ++i) x[i] = i < kCount ? sums[Begin + i] : 0;
      exchange<16, kRoom>(x);
      constexpr int kLanes = 32 / kRoom;  // that have the same sum
      const int i = lane() / kLanes;
      if (lane() % kLanes == 0 && i < kCount)
        exchange_.partial[warp()][Begin + i] = static_cast<double>(x[0]);
      add_over_warp<Begin + kCount, End>(sums);
    }
  }
  // A lane hands half of its `Held` sums to another and gets that one's part of the rest, and so
  // on: 31 exchanges for 32 sums. The constants keep x in registers.
  template <int Apart, int Held, int Room, typename T>
  __device__ static void exchange(T (&x)[Room]) {
    if constexpr (Apart > 0) {
      constexpr int kLeft = Held > 1 ? Held / 2 : 1;
      const bool upper = (lane() & Apart) != 0;
#pragma unroll
      for (int i = 0; i < kLeft; ++i) {
        if constexpr (Held == 1) {
          x[i] += __shfl_xor_sync(kAll, x[i], Apart);
        } else {
          const T away = upper ? x[i] : x[i + kLeft], own = upper ? x[i + kLeft] : x[i];
          x[i] = own + __shfl_xor_sync(kAll, away, Apart);
        }
      }
      exchange<Apart / 2, kLeft>(x);
    }
  }

  TileExchange& exchange_;
  int near_ = 0;
};

}  // namespace
}  // namespace laq::kernels
