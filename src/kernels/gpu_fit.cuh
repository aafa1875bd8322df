#pragma once

#include "kernels/gpu_fit.hpp"
#include "kernels/gpu_teams.cuh"

// The kernels that fit groups. A .cu file instantiates them for a few methods, as they take long to
// compile.

namespace laq::kernels {
namespace {

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
        end(near + (near_threshold ? sizeof(NearRoom) : 0)) {}

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
                     reinterpret_cast<NearRoom*>(memory + offsets.near), memory + sizeof(FitSpace));
}

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kFitThreads)
    fit_whole_kernel(const Fit fit, const Plan plan, const Settings settings,
                     const FitOffsets offsets, const Rest rest) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace*>(memory);
  const auto wanted = [&](int i) {
    const GroupPlace at = plan.large[i];
    return rest.all || plan.layers[at.layer].lost[at.group] != 0;
  };
  bool any = rest.all;
  for (int i = static_cast<int>(threadIdx.x); i < plan.large_count && !any;
       i += static_cast<int>(blockDim.x))
    any = wanted(i);
  if (!__syncthreads_or(any)) return;
  BlockTeam block(space.exchange, *reinterpret_cast<BlockMemory*>(memory + offsets.search));
  auto* shared = static_cast<Shared*>(plan.shared);
  // Side by side, with as many blocks as a group's size asks for; very many one after the other.
  const int blocks = static_cast<int>(gridDim.x);
  int own = -1, first = 0, count = blocks;
  if (plan.large_count <= Shared::kTeams && plan.large_count <= blocks) {
    std::int64_t total = 0, before = 0;
    int groups = 0, passed = 0;
    const auto size = [&](int i) {
      return wanted(i) ? plan.layers[plan.large[i].layer].size : std::int64_t{0};
    };
    for (int i = 0; i < plan.large_count; ++i) {
      total += size(i);
      groups += size(i) > 0 ? 1 : 0;
    }
    for (int i = 0; i < plan.large_count; ++i) {
      if (size(i) == 0) continue;
      const int begin = passed + static_cast<int>((blocks - groups) * before / total);
      before += size(i);
      ++passed;
      const int end = passed + static_cast<int>((blocks - groups) * before / total);
      if (static_cast<int>(blockIdx.x) < begin || static_cast<int>(blockIdx.x) >= end) continue;
      own = i;
      first = begin;
      count = end - begin;
    }
    if (own < 0) return;
  }
  GridTeam team(shared[own < 0 ? 0 : own], block, space.exchange, first, count);
  for (int i = 0; i < plan.large_count; ++i) {
    if (own < 0 ? !wanted(i) : i != own) continue;
    const GroupPlace at = plan.large[i];
    const Layer& layer = plan.layers[at.layer];
    fit_whole<Searches>(team, fit, layer, at.group, settings, *plan.step, rest.fresh,
                        memory + sizeof(FitSpace));
    team.sync();
    if (!rest.applies) continue;
    for (int t = static_cast<int>(blockIdx.x) - first; t < layer.tiles; t += count)
      apply_tile(block, layer, tile_of(layer, at, t), settings.replaces_latent);
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
__global__ void __launch_bounds__(kSmallThreads, Searches ? 2 : 4)
    fit_warps_kernel(const Fit fit, const Plan plan, const Settings settings, bool fresh) {
  extern __shared__ __align__(16) unsigned char memory[];
  const int i = static_cast<int>(blockIdx.x) * (kSmallThreads / 32) + warp();
  if (i >= plan.small_count) return;
  unsigned char* own = memory + warp_bytes(plan.book_bytes) * static_cast<unsigned>(warp());
  auto& space = *reinterpret_cast<WarpSpace*>(own);
  WarpTeam team(space.search, space.counter);
  const GroupPlace at = plan.small[i];
  fit_small<Searches>(team, fit, plan.layers[at.layer], at.group, settings, *plan.step, fresh,
                      space.rows, own + sizeof(WarpSpace));
}

}  // namespace

template <bool Searches, typename Fit>
void launch_fit(const Fit& fit, const Plan& plan, const Settings& settings, bool fresh,
                cudaStream_t stream) {
  if (plan.large_count > 0 && !fresh && !plan.always_whole) {
    const bool near = settings.gather.windows > 0;
    const FitOffsets offsets(plan, /*searches=*/true, near);  // also where tiles are laid out
    const auto kernel = fit_near_kernel<Searches, Fit>;
    allow(kernel, offsets.end, "fit_near");
    kernel<<<static_cast<unsigned>(plan.large_count), kFitThreads, offsets.end, stream>>>(
        fit, plan, settings, offsets);
    launched("fit_near");
  }
  if (plan.small_count == 0) return;
  const bool by_warps = few_levels(fit);
  if (by_warps) {
    const std::size_t bytes = warp_bytes(plan.book_bytes) * (kSmallThreads / 32);
    const auto kernel = fit_warps_kernel<Searches, Fit>;
    allow(kernel, bytes, "fit_warps");
    const int blocks = (plan.small_count + kSmallThreads / 32 - 1) / (kSmallThreads / 32);
    kernel<<<static_cast<unsigned>(blocks), kSmallThreads, bytes, stream>>>(fit, plan, settings,
                                                                            fresh);
    launched("fit_warps");
  }
  const FitOffsets offsets(plan, Searches, false);
  const auto kernel = fit_small_kernel<Searches, Fit>;
  allow(kernel, offsets.end, "fit_small");
  kernel<<<static_cast<unsigned>(plan.small_count), kSmallThreads, offsets.end, stream>>>(
      fit, plan, settings, offsets, fresh, /*lost=*/by_warps);
  launched("fit_small");
}

template <bool Searches, typename Fit>
void launch_fit_rest(const Fit& fit, const Plan& plan, const Settings& settings, Rest rest,
                     int processors, cudaStream_t stream) {
  const FitOffsets offsets(plan, Searches, false);
  launch_together(fit_whole_kernel<Searches, Fit>, dim3(static_cast<unsigned>(processors)),
                  kFitThreads, offsets.end, stream, "fit_whole", fit, plan, settings, offsets,
                  rest);
}

}  // namespace laq::kernels
