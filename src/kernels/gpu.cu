#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "kernels/backend.hpp"
#include "kernels/fit_visit.hpp"

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

/// What the threads of a block that fits a group hand to each other.
struct Exchange {
  double partial[32][kMostSums];
  double result[kMostSums];
  int counter;
  int offsets[32];
};

/// A block.
class BlockTeam {
 public:
  using Memory = BlockMemory;
  static constexpr std::int64_t kMostWeights = kSmallGroup;

  __device__ BlockTeam(Exchange& exchange, BlockMemory& memory)
      : exchange_(exchange), memory_(memory) {}

  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return static_cast<int>(blockDim.x); }
  __device__ void sync() { __syncthreads(); }
  __device__ BlockTeam& block() { return *this; }
  __device__ BlockMemory& memory() { return memory_; }
  __device__ bool commits() const { return true; }

  template <int N>
  __device__ void sum(double (&x)[N]) {
    static_assert(N <= kMostSums);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const double of_warp = warp_sum(x[i]);
      if (lane() == 0) exchange_.partial[warp()][i] = of_warp;
    }
    __syncthreads();
    if (rank() < N) {
      double total = 0;
      for (int w = 0; w < warps(); ++w) total += exchange_.partial[w][rank()];
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
      for (int w = 1; w < warps(); ++w) all = fmax(all, exchange_.partial[w][0]);
      exchange_.result[0] = all;
    }
    __syncthreads();
    return exchange_.result[0];
  }
  __device__ double min(double x) {
    return -max(-x);
  }

  __device__ quant::LevelSums before(const quant::LevelSums& own) {
    double w = own.dqw, q = own.dqq;
    for (int apart = 1; apart < 32; apart *= 2) {
      const double other_w = __shfl_up_sync(kAll, w, apart),
                   other_q = __shfl_up_sync(kAll, q, apart);
      if (lane() >= apart) {
        w += other_w;
        q += other_q;
      }
    }
    const double w_before = __shfl_up_sync(kAll, w, 1), q_before = __shfl_up_sync(kAll, q, 1);
    if (lane() == 31) {
      exchange_.partial[warp()][0] = w;
      exchange_.partial[warp()][1] = q;
    }
    __syncthreads();
    quant::LevelSums sums;
    for (int i = 0; i < warp(); ++i) sums += {exchange_.partial[i][0], exchange_.partial[i][1], 0};
    if (lane() > 0) sums += {w_before, q_before, 0};
    __syncthreads();
    return sums;
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
  __device__ void add_rows(const double* rows, int n, int maxima, int count, double* totals) {
    constexpr int kAhead = 8;
    for (int r = warp(); r < n; r += warps()) {
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

  __device__ int bring_near(const Near* from, const std::int32_t* counts, int tiles, Near* to) {
    // Where each share of tiles begins.
    const int share = (tiles + size() - 1) / size();
    const int begin = ::min(rank() * share, tiles), end = ::min(begin + share, tiles);
    int own = 0;
    bool too_many = false;
    for (int t = begin; t < end; ++t) {
      own += counts[t] > 0 ? counts[t] : 0;
      too_many = too_many || counts[t] < 0;
    }
    int upto = own;
    for (int apart = 1; apart < 32; apart *= 2) {
      const int other = __shfl_up_sync(kAll, upto, apart);
      if (lane() >= apart) upto += other;
    }
    if (lane() == 31) exchange_.offsets[warp()] = upto;
    __syncthreads();
    int start = upto - own, all = 0;
    for (int w = 0; w < warps(); ++w) {
      if (w < warp()) start += exchange_.offsets[w];
      all += exchange_.offsets[w];
    }
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

 protected:
  __device__ int lane() const {
    return static_cast<int>(threadIdx.x) & 31;
  }
  __device__ int warp() const {
    return static_cast<int>(threadIdx.x) >> 5;
  }
  __device__ int warps() const {
    return static_cast<int>(blockDim.x) >> 5;
  }

  Exchange& exchange_;
  BlockMemory& memory_;
};

/// A warp.
class WarpTeam {
 public:
  using Memory = WarpMemory;
  static constexpr std::int64_t kMostWeights = kWarpGroup;

  __device__ WarpTeam(Memory& memory, int& counter) : memory_(memory), counter_(counter) {}

  __device__ int rank() const { return static_cast<int>(threadIdx.x) & 31; }
  __device__ int size() const { return 32; }
  __device__ void sync() { __syncwarp(); }
  __device__ WarpTeam& block() { return *this; }
  __device__ Memory& memory() { return memory_; }
  __device__ bool commits() const { return true; }

  // Every lane adds the same pairs, so that all have the same bits.
  template <int N>
  __device__ void sum(double (&x)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) {
      for (int apart = 16; apart > 0; apart /= 2) x[i] += __shfl_xor_sync(kAll, x[i], apart);
    }
  }
  __device__ double max(double x) {
    for (int apart = 16; apart > 0; apart /= 2) x = fmax(x, __shfl_xor_sync(kAll, x, apart));
    return x;
  }
  __device__ double min(double x) {
    return -max(-x);
  }
  __device__ quant::LevelSums before(const quant::LevelSums& own) {
    double w = own.dqw, q = own.dqq;
    for (int apart = 1; apart < 32; apart *= 2) {
      const double other_w = __shfl_up_sync(kAll, w, apart),
                   other_q = __shfl_up_sync(kAll, q, apart);
      if (rank() >= apart) {
        w += other_w;
        q += other_q;
      }
    }
    const double w_before = __shfl_up_sync(kAll, w, 1), q_before = __shfl_up_sync(kAll, q, 1);
    quant::LevelSums sums;
    if (rank() > 0) sums += {w_before, q_before, 0};
    return sums;
  }

  __device__ void begin_events() {
    __syncwarp();
    if (rank() == 0) counter_ = 0;
    __syncwarp();
  }
  __device__ void add_event(const quant::Event& event) {
    const int at = atomicAdd(&counter_, 1);
    if (at < Memory::kEvents) memory_.events[at] = event;
  }
  __device__ int end_events() {
    __syncwarp();
    return counter_ < Memory::kEvents ? counter_ : Memory::kEvents;
  }
  __device__ void add_rows(const double* rows, int n, int maxima, int count, double* totals) {
    for (int r = 0; r < n; ++r) {
      double total = 0;
      for (int i = rank(); i < count; i += 32) {
        const double one = rows[static_cast<std::int64_t>(r) * count + i];
        total = r < maxima ? fmax(total, one) : total + one;
      }
      total = r < maxima ? warp_max(total) : warp_sum(total);
      if (rank() == 0) totals[r] = total;
    }
  }

 private:
  Memory& memory_;
  int& counter_;
};

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

  __device__ GridTeam(Shared& shared, BlockTeam& block, Exchange& exchange, int first, int blocks)
      : shared_(shared),
        block_(block),
        exchange_(exchange),
        own_(static_cast<int>(blockIdx.x) - first),
        blocks_(blocks) {}

  __device__ int rank() const {
    return own_ * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x);
  }
  __device__ int size() const { return blocks_ * static_cast<int>(blockDim.x); }
  __device__ BlockTeam& block() { return block_; }
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
    const int lane = static_cast<int>(threadIdx.x) & 31, warp = static_cast<int>(threadIdx.x) >> 5;
    for (int i = warp; i < N; i += static_cast<int>(blockDim.x) >> 5) {
      double total = 0;
      for (int b = lane; b < blocks_; b += 32) total += __ldcg(&to[i * Shared::kMostBlocks + b]);
      total = warp_sum(total);
      if (lane == 0) exchange_.result[i] = total;
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
  BlockTeam& block_;
  Exchange& exchange_;
  int own_, blocks_;
  int phase_ = 0;
};

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
  __device__ int lane() const {
    return static_cast<int>(threadIdx.x) & 31;
  }
  __device__ int warp() const {
    return static_cast<int>(threadIdx.x) >> 5;
  }

  TileExchange& exchange_;
  int near_ = 0;
};

// ——— kernels

__global__ void set_step_kernel(Step* to, Step value) {
  *to = value;
}

template <typename Fit>
__global__ void advance_kernel(const Fit fit, Step* step, const Settings settings) {
  if (threadIdx.x == 0) advance(*step, settings, fit);
}

template <typename Look, bool Sgd, typename Fit>
__global__ void __launch_bounds__(kTileThreads)
    move_kernel(const Fit fit, const Layer* layers, const Tile* tiles, const TileRange range,
                const Settings settings, const Step* step) {
  __shared__ TileExchange exchange;
  __shared__ Edges<Look> edges;
  const Tile tile = tiles[range.first + blockIdx.x];
  const float* gradient = range.gradients[tile.layer - range.first_layer];
  if (gradient == nullptr) return;
  const Layer& layer = layers[tile.layer];
  TileTeam team(exchange);
  if constexpr (Look::gather.windows > 0) {
    if (layer.quantized) edges.make(team, fit, layer, tile.group);
    __syncthreads();
  }
  move_tile<Look, Sgd>(team, fit, layer, tile, gradient, settings, *step, edges);
}

/// A block's dynamic memory: this, a codebook, what a search needs, and the weights near a
/// threshold.
struct FitSpace {
  Exchange exchange;
  double rows[Gather::kMostRows];
};

struct FitOffsets {
  std::size_t search, near, end;

  FitOffsets(const Plan& plan, bool searches, bool near_threshold)
      : search(aligned(sizeof(FitSpace) + plan.book_bytes)),
        near(search + (searches ? aligned(sizeof(BlockMemory)) : 0)),
        end(near + (near_threshold ? sizeof(Near) * kMostNear : 0)) {}

 private:
  static std::size_t aligned(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
};

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kFitThreads)
    fit_near_kernel(const Fit fit, const Plan plan, const Settings settings,
                    const FitOffsets offsets) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace*>(memory);
  BlockTeam team(space.exchange, *reinterpret_cast<BlockMemory*>(memory + offsets.search));
  const GroupPlace at = plan.large[blockIdx.x];
  fit_near<Searches>(team, fit, plan.layers[at.layer], at.group, settings, *plan.step, space.rows,
                     reinterpret_cast<Near*>(memory + offsets.near), memory + sizeof(FitSpace));
}

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kFitThreads)
    fit_whole_kernel(const Fit fit, const Plan plan, const Settings settings,
                     const FitOffsets offsets, bool all, bool fresh) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace*>(memory);
  if (!all) {
    bool any = false;
    for (int i = static_cast<int>(threadIdx.x); i < plan.large_count;
         i += static_cast<int>(blockDim.x)) {
      const GroupPlace at = plan.large[i];
      any = any || plan.layers[at.layer].lost[at.group] != 0;
    }
    if (!__syncthreads_or(any)) return;
  }
  BlockTeam block(space.exchange, *reinterpret_cast<BlockMemory*>(memory + offsets.search));
  auto* shared = static_cast<Shared*>(plan.shared);
  const auto wanted = [&](int i) {
    const GroupPlace at = plan.large[i];
    return all || plan.layers[at.layer].lost[at.group] != 0;
  };
  const auto work = [&](GridTeam& team, int i) {
    const GroupPlace at = plan.large[i];
    fit_whole<Searches>(team, fit, plan.layers[at.layer], at.group, settings, *plan.step, fresh,
                        memory + sizeof(FitSpace));
    team.sync();
  };
  const int blocks = static_cast<int>(gridDim.x);
  if (plan.large_count > Shared::kTeams || plan.large_count > blocks) {
    GridTeam team(shared[0], block, space.exchange, 0, blocks);
    for (int i = 0; i < plan.large_count; ++i) {
      if (wanted(i)) work(team, i);
    }
    return;
  }
  // Side by side, with as many blocks as a group's size asks for.
  std::int64_t sizes[Shared::kTeams];
  std::int64_t total = 0;
  int groups = 0;
  for (int i = 0; i < plan.large_count; ++i) {
    sizes[i] = wanted(i) ? plan.layers[plan.large[i].layer].size : 0;
    total += sizes[i];
    groups += sizes[i] > 0 ? 1 : 0;
  }
  std::int64_t before = 0;
  int passed = 0;
  for (int i = 0; i < plan.large_count; ++i) {
    if (sizes[i] == 0) continue;
    const int first = passed + static_cast<int>((blocks - groups) * before / total);
    before += sizes[i];
    ++passed;
    const int next = passed + static_cast<int>((blocks - groups) * before / total);
    if (static_cast<int>(blockIdx.x) < first || static_cast<int>(blockIdx.x) >= next) continue;
    GridTeam team(shared[i], block, space.exchange, first, next - first);
    work(team, i);
  }
}

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kSmallThreads, Searches ? 3 : 4)
    fit_small_kernel(const Fit fit, const Plan plan, const Settings settings,
                     const FitOffsets offsets, bool fresh, bool lost) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace*>(memory);
  const GroupPlace at = plan.small[blockIdx.x];
  const Layer& layer = plan.layers[at.layer];
  if (lost && layer.lost[at.group] == 0) return;
  BlockTeam team(space.exchange, *reinterpret_cast<BlockMemory*>(memory + offsets.search));
  fit_small<Searches>(team, fit, layer, at.group, settings, *plan.step, fresh, space.rows,
                      memory + sizeof(FitSpace));
}

/// Of each warp's share of the dynamic memory.
struct WarpSpace {
  WarpMemory search;
  double rows[Gather::kGradient];
  int counter;
};

constexpr std::size_t warp_bytes(std::size_t book_bytes) {
  return (sizeof(WarpSpace) + book_bytes + 15) / 16 * 16;
}

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kSmallThreads, Searches ? 3 : 4)
    fit_warps_kernel(const Fit fit, const Plan plan, const Settings settings, bool fresh) {
  extern __shared__ __align__(16) unsigned char memory[];
  const int warp = static_cast<int>(threadIdx.x) >> 5;
  const int i = static_cast<int>(blockIdx.x) * (kSmallThreads / 32) + warp;
  if (i >= plan.small_count) return;
  unsigned char* own = memory + warp_bytes(plan.book_bytes) * static_cast<unsigned>(warp);
  auto& space = *reinterpret_cast<WarpSpace*>(own);
  WarpTeam team(space.search, space.counter);
  const GroupPlace at = plan.small[i];
  fit_small<Searches>(team, fit, plan.layers[at.layer], at.group, settings, *plan.step, fresh,
                      space.rows, own + sizeof(WarpSpace));
}

struct PlainTeam {
  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return kTileThreads; }
};

__global__ void __launch_bounds__(kTileThreads)
    apply_kernel(const Layer* layers, const Tile* tiles, bool replaces_latent, Which which) {
  const Tile tile = tiles[blockIdx.x];
  const Layer& layer = layers[tile.layer];
  if (!layer.quantized || !is_of(which, layer.lost[tile.group] != 0)) return;
  PlainTeam team;
  apply_tile(team, layer, tile, replaces_latent);
}

__global__ void __launch_bounds__(kTileThreads)
    report_kernel(const Layer* layers, const Tile* tiles, const ReportRequest request) {
  __shared__ TileExchange exchange;
  TileTeam team(exchange);
  report_tile(team, layers[request.layer], tiles[request.first_tile + blockIdx.x], blockIdx.x,
              request);
}

__global__ void __launch_bounds__(kTileThreads)
    compare_kernel(const Layer* layers, const Tile* tiles, std::int32_t layer,
                   std::int64_t first_tile, const Books other, const Settings settings,
                   double* sums) {
  __shared__ TileExchange exchange;
  TileTeam team(exchange);
  compare_tile(team, layers[layer], tiles[first_tile + blockIdx.x], other, settings,
               sums + 2 * std::int64_t{blockIdx.x});
}

// ——— launches

class CudaBackend : public Backend {
 public:
  CudaBackend() {
    int device = 0;
    check(cudaGetDevice(&device), "no device");
    check(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device),
          "the device's properties");
    if (processors_ > Shared::kMostBlocks) processors_ = Shared::kMostBlocks;
  }

  void on_stream(void* stream) override { stream_ = static_cast<cudaStream_t>(stream); }
  std::size_t shared_bytes() const override { return sizeof(Shared) * Shared::kTeams; }

  void set_step(Step* to, const Step& value) override {
    set_step_kernel<<<1, 1, 0, stream_>>>(to, value);
    launched("set_step");
  }

  void advance(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings) override {
    with_fit(fit, [&](const auto& one) {
      advance_kernel<<<1, 32, 0, stream_>>>(one, plan.step, settings);
      launched("advance");
    });
  }

  void move(const quant::DeviceFit& fit, const Plan& plan, const TileRange& range,
            const Settings& settings) override {
    if (range.count == 0) return;
    with_fit(fit, [&](const auto& one) {
      using Fit = std::decay_t<decltype(one)>;
      const auto launch = [&](auto look) {
        const auto kernel = settings.sgd ? move_kernel<decltype(look), true, Fit>
                                         : move_kernel<decltype(look), false, Fit>;
        kernel<<<static_cast<unsigned>(range.count), kTileThreads, 0, stream_>>>(
            one, plan.layers, plan.tiles, range, settings, plan.step);
      };
      with_look(settings.gather, one, launch);
      launched("move");
    });
  }

  void fit(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings,
           bool fresh) override {
    with_search(fit, [&](const auto& one, auto searches) {
      fit_gathered<searches.value>(one, plan, settings, fresh);
    });
  }

  void fit_rest(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings,
                bool fresh) override {
    // What gathered sums always answer has no other way.
    const bool all = fresh || plan.always_whole;
    if (plan.large_count == 0 || !(all || settings.gather.windows > 0)) return;
    with_search(fit, [&](const auto& one, auto searches) {
      fit_together<searches.value>(one, plan, settings, all, fresh);
    });
  }

  void apply(const Plan& plan, const Settings& settings, Which which) override {
    if (plan.tile_count == 0) return;
    apply_kernel<<<static_cast<unsigned>(plan.tile_count), kTileThreads, 0, stream_>>>(
        plan.layers, plan.tiles, settings.replaces_latent, which);
    launched("apply");
  }

  void report(const Plan& plan, const ReportRequest& request, std::int64_t tiles) override {
    report_kernel<<<static_cast<unsigned>(tiles), kTileThreads, 0, stream_>>>(plan.layers,
                                                                              plan.tiles, request);
    launched("report");
  }

  void compare(const Plan& plan, std::int32_t layer, const Books& other, const Settings& settings,
               double* sums, std::int64_t first_tile, std::int64_t tiles) override {
    compare_kernel<<<static_cast<unsigned>(tiles), kTileThreads, 0, stream_>>>(
        plan.layers, plan.tiles, layer, first_tile, other, settings, sums);
    launched("compare");
  }

 private:
  /// Calls work with the fit and whether it searches; not for a method that is host code.
  template <typename Work>
  static void with_search(const quant::DeviceFit& fit, const Work& work) {
    with_fit(fit, [&](const auto& one) {
      using Fit = std::decay_t<decltype(one)>;
      if constexpr (std::is_same_v<Fit, quant::ProximalFit>) {
        if (one.searches()) return work(one, std::true_type{});
      }
      if constexpr (!kIsHostFit<Fit>) work(one, std::false_type{});
    });
  }

  template <bool Searches, typename Fit>
  void fit_gathered(const Fit& fit, const Plan& plan, const Settings& settings, bool fresh) {
    if (plan.large_count > 0 && !fresh && !plan.always_whole) {
      const bool near = settings.gather.windows > 0;
      const FitOffsets offsets(plan, /*searches=*/true, near);  // also where tiles are laid out
      const auto kernel = fit_near_kernel<Searches, Fit>;
      allow(kernel, offsets.end);
      kernel<<<static_cast<unsigned>(plan.large_count), kFitThreads, offsets.end, stream_>>>(
          fit, plan, settings, offsets);
      launched("fit_near");
    }
    if (plan.small_count == 0) return;
    const bool by_warps = few_levels(fit);
    if (by_warps) {
      const std::size_t bytes = warp_bytes(plan.book_bytes) * (kSmallThreads / 32);
      const auto kernel = fit_warps_kernel<Searches, Fit>;
      allow(kernel, bytes);
      const int blocks = (plan.small_count + kSmallThreads / 32 - 1) / (kSmallThreads / 32);
      kernel<<<static_cast<unsigned>(blocks), kSmallThreads, bytes, stream_>>>(fit, plan, settings,
                                                                               fresh);
      launched("fit_warps");
    }
    const FitOffsets offsets(plan, Searches, false);
    const auto kernel = fit_small_kernel<Searches, Fit>;
    allow(kernel, offsets.end);
    kernel<<<static_cast<unsigned>(plan.small_count), kSmallThreads, offsets.end, stream_>>>(
        fit, plan, settings, offsets, fresh, /*lost=*/by_warps);
    launched("fit_small");
  }

  /// Whether a search by a warp has room for the level set.
  static bool few_levels(const quant::ProximalFit& fit) {
    return fit.levels.k() <= WarpMemory::kLevels;
  }
  template <typename Fit>
  static bool few_levels(const Fit&) {
    return true;
  }

  template <bool Searches, typename Fit>
  void fit_together(const Fit& fit, const Plan& plan, const Settings& settings, bool all,
                    bool fresh) {
    const FitOffsets offsets(plan, Searches, false);
    const auto kernel = fit_whole_kernel<Searches, Fit>;
    allow(kernel, offsets.end);
    cudaLaunchAttribute together = {};
    together.id = cudaLaunchAttributeCooperative;
    together.val.cooperative = 1;
    cudaLaunchConfig_t how = {};
    how.gridDim = dim3(static_cast<unsigned>(processors_));
    how.blockDim = dim3(kFitThreads);
    how.dynamicSmemBytes = offsets.end;
    how.stream = stream_;
    how.attrs = &together;
    how.numAttrs = 1;
    check(cudaLaunchKernelEx(&how, kernel, fit, plan, settings, offsets, all, fresh), "fit_whole");
  }

  static void launched(const char* what) { check(cudaGetLastError(), what); }

  template <typename Kernel>
  static void allow(Kernel* kernel, std::size_t bytes) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(bytes)),
          "shared memory");
  }

  cudaStream_t stream_ = nullptr;
  int processors_ = 1;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend() {
  return std::make_unique<CudaBackend>();
}

}  // namespace laq::kernels
