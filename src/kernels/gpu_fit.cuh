#pragma once

#include "kernels/gpu_fit.hpp"
#include "kernels/gpu_teams.cuh"

// The kernels that fit groups. A .cu file instantiates them for a few methods, as they take long to
// compile.

namespace laq::kernels {
namespace {

/// A block's dynamic memory: this, a codebook, what a search needs, and the weights that it looks
/// at singly.
template <typename Team>
struct FitSpace {
  typename Team::Exchange exchange;
  double rows[Gather::kMostRows];
};

/// Where these begin. `weights`: bytes.
struct FitOffsets {
  std::size_t search, weights, end;

  template <typename Team>
  static FitOffsets of(const Plan& plan, bool searches, std::size_t weights) {
    const std::size_t search = aligned(sizeof(FitSpace<Team>) + plan.book_bytes);
    const std::size_t begin = search + (searches ? aligned(sizeof(typename Team::Memory)) : 0);
    return {search, begin, begin + weights};
  }

 private:
  static std::size_t aligned(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
};

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kFitThreads)
    fit_near_kernel(const __grid_constant__ Fit fit, const __grid_constant__ Plan plan,
                    const __grid_constant__ Settings settings,
                    const __grid_constant__ FitOffsets offsets) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace<LargeTeam>*>(memory);
  LargeTeam team(space.exchange, *reinterpret_cast<BlockMemory*>(memory + offsets.search));
  const GroupPlace at = plan.large[blockIdx.x];
  fit_near<Searches>(team, fit, plan.layers[at.layer], at.group, settings, *plan.step, space.rows,
                     reinterpret_cast<NearRoom*>(memory + offsets.weights), memory + sizeof(space));
}

template <bool Searches, typename Fit>
__global__ void __launch_bounds__(kFitThreads)
    fit_whole_kernel(const __grid_constant__ Fit fit, const __grid_constant__ Plan plan,
                     const __grid_constant__ Settings settings,
                     const __grid_constant__ FitOffsets offsets,
                     const __grid_constant__ Rest rest) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace<LargeTeam>*>(memory);
  const auto wanted = [&](int i) {
    const GroupPlace at = plan.large[i];
    return rest.all || plan.layers[at.layer].lost[at.group] != 0;
  };
  bool any = rest.all;
  for (int i = static_cast<int>(threadIdx.x); i < plan.large_count && !any;
       i += static_cast<int>(blockDim.x))
    any = wanted(i);
  if (!__syncthreads_or(any)) return;
  LargeTeam block(space.exchange, *reinterpret_cast<BlockMemory*>(memory + offsets.search));
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
                        memory + sizeof(space));
    team.sync();
    if (!rest.applies) continue;
    for (int t = static_cast<int>(blockIdx.x) - first; t < layer.tiles; t += count)
      apply_tile(block, layer, tile_of(layer, at, t), settings.replaces_latent);
  }
}

/// Blocks of a multiprocessor that fit small groups.
template <typename Team, bool Searches>
constexpr int kSmallBlocks = Team::kHolds ? (Searches ? 6 : 8) : (Searches ? 3 : 4);

/// `lost`: only those that the kernel before could not fit. `holds`: the team's weights.
template <typename Team, bool Searches, typename Fit>
__global__ void __launch_bounds__(Team::kThreads, kSmallBlocks<Team, Searches>)
    fit_small_kernel(const __grid_constant__ Fit fit, const __grid_constant__ Plan plan,
                     const __grid_constant__ Settings settings,
                     const __grid_constant__ FitOffsets offsets, bool fresh, bool lost,
                     bool holds) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& space = *reinterpret_cast<FitSpace<Team>*>(memory);
  const GroupPlace at = plan.small[blockIdx.x];
  const Layer& layer = plan.layers[at.layer];
  if (lost && layer.lost[at.group] == 0) return;
  Team team(space.exchange, *reinterpret_cast<typename Team::Memory*>(memory + offsets.search));
  Near* held = holds ? reinterpret_cast<Near*>(memory + offsets.weights) : nullptr;
  fit_small<Searches>(team, fit, layer, at.group, settings, *plan.step, fresh, space.rows,
                      memory + sizeof(space), held);
}

/// `weights`: bytes, where a team holds them.
template <typename Team, bool Searches, typename Fit>
void launch_small(const Fit& fit, const Plan& plan, const Settings& settings, bool fresh, bool lost,
                  std::size_t weights, cudaStream_t stream) {
  const auto offsets = FitOffsets::of<Team>(plan, Searches, weights);
  const auto kernel = fit_small_kernel<Team, Searches, Fit>;
  allow(kernel, offsets.end, "fit_small");
  kernel<<<static_cast<unsigned>(plan.small_count), Team::kThreads, offsets.end, stream>>>(
      fit, plan, settings, offsets, fresh, lost, /*holds=*/weights > 0);
  launched("fit_small");
}

}  // namespace

template <bool Searches, typename Fit>
void launch_fit(const Fit& fit, const Plan& plan, const Settings& settings, bool fresh,
                cudaStream_t stream) {
  if (plan.large_count > 0 && !fresh && !plan.always_whole) {
    const bool near = settings.gather.windows > 0;
    // `bring_near` lays out tiles in the search's memory, too.
    const auto offsets = FitOffsets::of<LargeTeam>(plan, true, near ? sizeof(NearRoom) : 0);
    const auto kernel = fit_near_kernel<Searches, Fit>;
    allow(kernel, offsets.end, "fit_near");
    kernel<<<static_cast<unsigned>(plan.large_count), kFitThreads, offsets.end, stream>>>(
        fit, plan, settings, offsets);
    launched("fit_near");
  }
  if (plan.small_count == 0) return;
  const bool few = few_levels(fit) && plan.most_held > 0;
  if (few) {
    const auto bytes = static_cast<std::size_t>(plan.most_held) * sizeof(Near);
    launch_small<HoldingTeam, Searches>(fit, plan, settings, fresh, /*lost=*/false,
                                        passes_often(fit) ? bytes : 0, stream);
  }
  launch_small<SmallTeam, Searches>(fit, plan, settings, fresh, /*lost=*/few, 0, stream);
}

template <bool Searches, typename Fit>
void launch_fit_rest(const Fit& fit, const Plan& plan, const Settings& settings, Rest rest,
                     int processors, cudaStream_t stream) {
  const auto offsets = FitOffsets::of<LargeTeam>(plan, Searches, 0);
  launch_together(fit_whole_kernel<Searches, Fit>, dim3(static_cast<unsigned>(processors)),
                  kFitThreads, offsets.end, stream, "fit_whole", fit, plan, settings, offsets,
                  rest);
}

}  // namespace laq::kernels
