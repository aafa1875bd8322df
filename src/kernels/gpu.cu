#include <algorithm>

#include "kernels/gpu_fit.hpp"
#include "kernels/gpu_move.hpp"
#include "kernels/gpu_tile.cuh"

namespace laq::kernels {
namespace {

__global__ void set_step_kernel(Step* to, Step value) {
  *to = value;
}

template <typename Fit>
__global__ void advance_kernel(const __grid_constant__ Fit fit, Step* step,
                               const __grid_constant__ Settings settings) {
  if (threadIdx.x == 0) advance(*step, settings, fit);
}

struct PlainTeam {
  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return kTileThreads; }
};

__global__ void __launch_bounds__(kTileThreads)
    apply_kernel(const Layer* layers, const Tile* tiles, bool replaces_latent, bool held) {
  const Tile tile = tiles[blockIdx.x];
  const Layer& layer = layers[tile.layer];
  if (!layer.quantized || (held && layer.lost[tile.group] != 0)) return;
  PlainTeam team;
  apply_tile(team, layer, tile, replaces_latent);
}

__global__ void __launch_bounds__(kTileThreads)
    report_kernel(const Layer* layers, const Tile* tiles,
                  const __grid_constant__ ReportRequest request) {
  __shared__ TileExchange exchange;
  TileTeam team(exchange);
  report_tile(team, layers[request.layer], tiles[request.first_tile + blockIdx.x], blockIdx.x,
              request);
}

__global__ void __launch_bounds__(kTileThreads)
    compare_kernel(const Layer* layers, const Tile* tiles, std::int32_t layer,
                   std::int64_t first_tile, const __grid_constant__ Books other,
                   const __grid_constant__ Settings settings, double* sums) {
  __shared__ TileExchange exchange;
  TileTeam team(exchange);
  compare_tile(team, layers[layer], tiles[first_tile + blockIdx.x], other, settings,
               sums + 2 * std::int64_t{blockIdx.x});
}

class CudaQueue : public Queue {
 public:
  CudaQueue() {
    int device = 0;
    check(cudaGetDevice(&device), "no device");
    check(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device),
          "the device's properties");
    processors_ = std::min(processors_, most_fit_blocks());
  }

  void on_stream(void* stream) override { stream_ = static_cast<cudaStream_t>(stream); }
  std::size_t shared_bytes() const override { return fit_shared_bytes(); }

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
    launch_move(fit, plan, range, settings, stream_);
  }

  void fit(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings,
           bool fresh) override {
    with_search(fit, [&](const auto& one, auto searches) {
      launch_fit<searches.value>(one, plan, settings, fresh, stream_);
    });
  }

  void fit_rest(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings, bool fresh,
                bool applies) override {
    // What gathered sums always answer has no other way.
    const bool all = fresh || plan.always_whole;
    if (plan.large_count == 0 || !(all || settings.gather.windows > 0)) return;
    with_search(fit, [&](const auto& one, auto searches) {
      launch_fit_rest<searches.value>(one, plan, settings, {all, fresh, applies}, processors_,
                                      stream_);
    });
  }

  void apply(const Plan& plan, const Settings& settings, bool held) override {
    if (plan.tile_count == 0) return;
    apply_kernel<<<static_cast<unsigned>(plan.tile_count), kTileThreads, 0, stream_>>>(
        plan.layers, plan.tiles, settings.replaces_latent, held);
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
  cudaStream_t stream_ = nullptr;
  int processors_ = 1;
};

}  // namespace

std::unique_ptr<Queue> make_cuda_queue() {
  return std::make_unique<CudaQueue>();
}

}  // namespace laq::kernels
