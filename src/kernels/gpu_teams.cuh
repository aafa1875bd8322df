#pragma once

#include <cuda_pipeline.h>

#include "kernels/gpu_common.cuh"

// The teams of a GPU that fit groups: a block, or some.

namespace laq::kernels {
namespace {

/// What the threads of a block that fits a group hand to each other.
template <int Warps>
struct Exchange {
  double partial[Warps][kMostSums];
  double result[kMostSums];
  int counter;
  int offsets[Warps];
};

/// A block.
template <typename MemoryOfBlock, int Threads, bool Holds>
class BlockTeam {
  static constexpr int kWarps = Threads / 32;

 public:
  using Memory = MemoryOfBlock;
  using Exchange = kernels::Exchange<kWarps>;
  using Sum = float;
  static constexpr bool kHolds = Holds;
  static constexpr int kThreads = Threads;

  __device__ BlockTeam(Exchange& exchange, Memory& memory) : exchange_(exchange), memory_(memory) {}

  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return Threads; }
  __device__ void sync() { __syncthreads(); }
  __device__ BlockTeam& block() { return *this; }
  __device__ Memory& memory() { return memory_; }
  __device__ bool commits() const { return true; }

  template <int N>
  __device__ __noinline__ void sum(double (&x)[N]) {
    static_assert(N <= kMostSums);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const double of_warp = warp_sum(x[i]);
      if (lane() == 0) exchange_.partial[warp()][i] = of_warp;
    }
    __syncthreads();
    if (rank() < N) {
      double total = 0;
      for (int w = 0; w < kWarps; ++w) total += exchange_.partial[w][rank()];
      exchange_.result[rank()] = total;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < N; ++i) x[i] = exchange_.result[i];
  }
  __device__ double max(double x) {
    const double of_warp = warp_max(x);
    if (lane() == 0) exchange_.partial[warp()][0] = of_warp;
    __syncthreads();
    if (rank() == 0) {
      double all = exchange_.partial[0][0];
      for (int w = 1; w < kWarps; ++w) all = fmax(all, exchange_.partial[w][0]);
      exchange_.result[0] = all;
    }
    __syncthreads();
    return exchange_.result[0];
  }
  __device__ double min(double x) {
    return -max(-x);
  }

  __device__ quant::LevelSums before(const quant::LevelSums& own, quant::LevelSums& all) {
    const double w = warp_upto(own.dqw), q = warp_upto(own.dqq);
    const quant::LevelSums in_warp = warp_before(w, q);
    if (lane() == 31) {
      exchange_.partial[warp()][0] = w;
      exchange_.partial[warp()][1] = q;
    }
    __syncthreads();
    quant::LevelSums sums;
    all = {};
    for (int i = 0; i < kWarps; ++i) {
      if (i == warp()) sums = all;
      all += {exchange_.partial[i][0], exchange_.partial[i][1], 0};
    }
    sums += in_warp;
    __syncthreads();
    return sums;
  }

  __device__ int before(int own, int& all) {
    const int upto = warp_upto(own);
    if (lane() == 31) exchange_.offsets[warp()] = upto;
    __syncthreads();
    int start = upto - own;
    all = 0;
    for (int w = 0; w < kWarps; ++w) {
      if (w < warp()) start += exchange_.offsets[w];
      all += exchange_.offsets[w];
    }
    __syncthreads();
    return start;
  }
  __device__ int count_up(int& shared) {
    return atomicAdd(&shared, 1);
  }

  __device__ void begin_events() {
    if (rank() == 0) exchange_.counter = 0;
    __syncthreads();
  }
  __device__ void add_event(const quant::Event& event) {
    const int at = atomicAdd(&exchange_.counter, 1);
    if (at < Memory::kEvents) memory_.events[at] = event;
  }
  __device__ int end_events() {
    __syncthreads();
    return exchange_.counter < Memory::kEvents ? exchange_.counter : Memory::kEvents;
  }

  /// A warp for each row; each lane has some numbers on their way at once.
  __device__ __noinline__ void add_rows(const double* rows, int n, int maxima, int count,
                                        double* totals) {
    constexpr int kAhead = 8;
    for (int r = warp(); r < n; r += kWarps) {
      const double* row = rows + static_cast<std::int64_t>(r) * count;
      double total = 0;
      for (int base = 0; base < count; base += 32 * kAhead) {
        double some[kAhead];
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
          const int at = base + 32 * i + lane();
          some[i] = at < count ? row[at] : 0;
        }
#pragma unroll
        for (int i = 0; i < kAhead; ++i)
          total = r < maxima ? fmax(total, some[i]) : total + some[i];
      }
      total = r < maxima ? warp_max(total) : warp_sum(total);
      if (lane() == 0) totals[r] = total;
    }
  }

  __device__ __noinline__ int bring_near(const Near* from, const std::int32_t* counts, int tiles,
                                         Near* to) {
    // Where each share of tiles begins.
    const int share = (tiles + size() - 1) / size();
    const int begin = ::min(rank() * share, tiles), end = ::min(begin + share, tiles);
    int own = 0;
    bool too_many = false;
    for (int t = begin; t < end; ++t) {
      own += counts[t] > 0 ? counts[t] : 0;
      too_many = too_many || counts[t] < 0;
    }
    int all = 0, start = before(own, all);
    const bool none = __syncthreads_or(too_many || all > kMostNear);
    if (none) return -1;
    int* starts = reinterpret_cast<int*>(memory_.stack);
    constexpr int kRoom = static_cast<int>(sizeof(memory_.stack) / sizeof(int));
    if (tiles >= kRoom) return -1;
    for (int t = begin; t < end; ++t) {
      starts[t] = start;
      start += counts[t];
    }
    if (rank() == 0) starts[tiles] = all;
    __syncthreads();
    // A few threads for each tile, all copies on their way at once.
    constexpr int kOfTile = 8;
    for (int t = rank() / kOfTile; t < tiles; t += size() / kOfTile) {
      const int first = starts[t], count = starts[t + 1] - first;
      for (int i = rank() % kOfTile; i < count; i += kOfTile)
        __pipeline_memcpy_async(
            &to[first + i], &from[static_cast<std::int64_t>(t) * kNearOfTile + i], sizeof(Near));
    }
    __pipeline_commit();
    __pipeline_wait_prior(0);
    __syncthreads();
    return all;
  }

 private:
  Exchange& exchange_;
  Memory& memory_;
};

using LargeTeam = BlockTeam<BlockMemory, kFitThreads, false>;
using SmallTeam = BlockTeam<BlockMemory, kSmallThreads, false>;
using HoldingTeam = BlockTeam<HeldMemory, kHeldThreads, true>;

/// What the blocks of one group hand to each other.
struct Shared {
  static constexpr int kMostBlocks = 256, kTeams = 16;
  unsigned arrived, generation;
  int event_count;
  quant::Event events[BlockMemory::kEvents];
  double partial[2][kMostSums][kMostBlocks];
};

/// Some blocks of a launch, which must all be there at once.
class GridTeam {
 public:
  using Memory = BlockMemory;
  using Sum = float;
  static constexpr bool kHolds = false;

  __device__ GridTeam(Shared& shared, LargeTeam& block, LargeTeam::Exchange& exchange, int first,
                      int blocks)
      : shared_(shared),
        block_(block),
        exchange_(exchange),
        own_(static_cast<int>(blockIdx.x) - first),
        blocks_(blocks) {}

  __device__ int rank() const {
    return own_ * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x);
  }
  __device__ int size() const { return blocks_ * static_cast<int>(blockDim.x); }
  __device__ LargeTeam& block() { return block_; }
  __device__ BlockMemory& memory() { return block_.memory(); }
  __device__ bool commits() const { return own_ == 0; }

  __device__ void sync() {
    __syncthreads();
    if (threadIdx.x == 0) {
      const unsigned now = atomicAdd(&shared_.generation, 0u);
      __threadfence();
      if (atomicAdd(&shared_.arrived, 1u) == static_cast<unsigned>(blocks_) - 1) {
        shared_.arrived = 0;
        __threadfence();
        atomicAdd(&shared_.generation, 1u);
      } else {
        while (atomicAdd(&shared_.generation, 0u) == now) __nanosleep(32);
      }
      __threadfence();
    }
    __syncthreads();
  }

  template <int N>
  __device__ void sum(double (&x)[N]) {
    block_.sum(x);
    double* to = &shared_.partial[phase_][0][0];
    if (threadIdx.x == 0) {
      for (int i = 0; i < N; ++i) to[i * Shared::kMostBlocks + own_] = x[i];
    }
    sync();
    for (int i = warp(); i < N; i += warps()) {
      double total = 0;
      for (int b = lane(); b < blocks_; b += 32) total += __ldcg(&to[i * Shared::kMostBlocks + b]);
      total = warp_sum(total);
      if (lane() == 0) exchange_.result[i] = total;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < N; ++i) x[i] = exchange_.result[i];
    __syncthreads();
    phase_ ^= 1;
  }
  __device__ double max(double x) {
    const double of_block = block_.max(x);
    double* to = &shared_.partial[phase_][0][0];
    if (threadIdx.x == 0) to[own_] = of_block;
    sync();
    double all = __ldcg(&to[0]);
    for (int b = 1; b < blocks_; ++b) all = fmax(all, __ldcg(&to[b]));
    __syncthreads();
    phase_ ^= 1;
    return all;
  }

  __device__ void begin_events() {
    sync();
    if (rank() == 0) shared_.event_count = 0;
    sync();
  }
  __device__ void add_event(const quant::Event& event) {
    const int at = atomicAdd(&shared_.event_count, 1);
    if (at < Memory::kEvents) shared_.events[at] = event;
  }
  __device__ int end_events() {
    sync();
    const int found = __ldcg(&shared_.event_count);
    const int count = found < Memory::kEvents ? found : Memory::kEvents;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
      const double* from = reinterpret_cast<const double*>(&shared_.events[i]);
      memory().events[i] = {__ldcg(from), {__ldcg(from + 1), __ldcg(from + 2), 0}};
    }
    __syncthreads();
    return count;
  }

 private:
  Shared& shared_;
  LargeTeam& block_;
  LargeTeam::Exchange& exchange_;
  int own_, blocks_;
  int phase_ = 0;
};

}  // namespace
}  // namespace laq::kernels
