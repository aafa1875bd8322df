#pragma once

#include <cstddef>
#include <memory>

#include "kernels/layer.hpp"
#include "kernels/report.hpp"
#include "quant/device_fit.hpp"

namespace laq::kernels {

/// The most layers of one launch.
inline constexpr int kMostLayers = 128;

/// Tiles whose layers are `first_layer` and those after it, with the gradients of these.
struct TileRange {
  std::int64_t first = 0, count = 0;
  std::int32_t first_layer = 0;
  const float* gradients[kMostLayers] = {};
};

/// All layers of an optimizer. The tables are in the device's memory.
struct Plan {
  const Layer* layers = nullptr;
  const Tile* tiles = nullptr;
  std::int64_t tile_count = 0;
  const GroupPlace* large = nullptr;  ///< groups that are fitted by what a pass gathered
  int large_count = 0;
  const GroupPlace* small = nullptr;  ///< groups of which one block looks at all weights
  int small_count = 0;
  std::int64_t most_held = 0;  ///< weights of the largest group that a block holds
  bool always_whole = false;   ///< the method cannot be fitted by what a pass gathers
  Step* step = nullptr;
  void* shared = nullptr;      ///< `Queue::shared_bytes`, zero at first
  std::size_t book_bytes = 0;  ///< of the largest codebook
};

/// Where kernels run. Calls are queued on a stream, where there is one, and return at once.
class Queue {
 public:
  virtual ~Queue() = default;
  /// The stream of the following calls (a cudaStream_t).
  virtual void on_stream(void* stream) = 0;
  /// What all blocks share of memory.
  virtual std::size_t shared_bytes() const = 0;

  virtual void set_step(Step* to, const Step& value) = 0;
  /// The next step begins.
  virtual void advance(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings) = 0;
  /// Adam, and the sums for the fit.
  virtual void move(const quant::DeviceFit& fit, const Plan& plan, const TileRange& tiles,
                    const Settings& settings) = 0;
  /// New codebooks by what that gathered, and those of small groups. `fresh`: of the weights alone,
  /// without a step before.
  virtual void fit(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings,
                   bool fresh) = 0;
  /// Codebooks of large groups that `fit` could not make: those whose windows did not hold, or all.
  /// `applies`: their ŵ, too.
  virtual void fit_rest(const quant::DeviceFit& fit, const Plan& plan, const Settings& settings,
                        bool fresh, bool applies) = 0;
  /// ŵ by the codebooks. `held`: only where the windows held in the present step.
  virtual void apply(const Plan& plan, const Settings& settings, bool held) = 0;

  /// Of all tiles of a layer, `tiles`.
  virtual void report(const Plan& plan, const ReportRequest& request, std::int64_t tiles) = 0;
  /// Equation (1) of all tiles of a layer, at ŵ and at what `other` makes of w: `sums` has two
  /// numbers for each.
  virtual void compare(const Plan& plan, std::int32_t layer, const Books& other,
                       const Settings& settings, double* sums, std::int64_t first_tile,
                       std::int64_t tiles) = 0;
};

/// One thread of the host: for tests, and to follow what a GPU does.
std::unique_ptr<Queue> make_serial_queue();
/// A GPU, the present device. Only where nvcc was found.
std::unique_ptr<Queue> make_cuda_queue();

/// What a pass over the weights has to gather for a method.
Gather gather_of(const quant::DeviceFit& fit);
/// Whether its fit needs passes of its own at every step.
bool always_whole(const quant::DeviceFit& fit);

}  // namespace laq::kernels
