#include "kernels/gpu_move.hpp"
#include "kernels/gpu_tile.cuh"

namespace laq::kernels {
namespace {

/// Blocks of a multiprocessor: memory is waited for by many warps.
template <typename Look>
constexpr int kMoveBlocks = !Look::gather.bounds   ? 4
                            : Look::gather.by_sign ? 2
                                                   : 3;

template <typename Look, bool Sgd, typename Fit>
__global__ void __launch_bounds__(kTileThreads, kMoveBlocks<Look>)
    move_kernel(const __grid_constant__ Fit fit, const Layer* layers, const Tile* tiles,
                const __grid_constant__ TileRange range, const __grid_constant__ Settings settings,
                const Step* step) {
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

}  // namespace

void launch_move(const quant::DeviceFit& fit, const Plan& plan, const TileRange& range,
                 const Settings& settings, cudaStream_t stream) {
  if (range.count == 0) return;
  with_fit(fit, [&](const auto& one) {
    using Fit = std::decay_t<decltype(one)>;
    const auto launch = [&](auto look) {
      const auto kernel = settings.sgd ? move_kernel<decltype(look), true, Fit>
                                       : move_kernel<decltype(look), false, Fit>;
      kernel<<<static_cast<unsigned>(range.count), kTileThreads, 0, stream>>>(
          one, plan.layers, plan.tiles, range, settings, plan.step);
    };
    with_look(settings.gather, one, launch);
    launched("move");
  });
}

}  // namespace laq::kernels
