#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace laq::train {

/// Carries out the work of training steps on a device. On a GPU whose LibTorch has CUDA graphs the
/// work is captured after the third step and replayed from then on: one launch instead of hundreds,
/// and nothing in it waits for the host.
///
/// A graph is of one step. Of a chunk of steps the launches are queued one after the other, with
/// nothing of the host's in between, so that the GPU has the next one before it is done with one.
class StepGraph {
 public:
  /// What a step does on the device. To be captured, it must be the same sequence of operations on
  /// the same tensors each time.
  using Work = std::function<void()>;
  /// Steps that are best handed over at a time.
  static constexpr std::int64_t kChunk = 10;

  /// `capture` false: every step anew. On a GPU, waits for what was begun; the work of this thread
  /// then goes to a stream of its own, as capturing asks.
  StepGraph(c10::Device device, bool capture);
  ~StepGraph();

  /// How many steps to hand over now, of at most `most`.
  std::int64_t chunk(std::int64_t most) const;
  /// Whether `capture` is to be called before the next `run`.
  bool capture_due() const;
  /// Calls `work` once. What it would do on the device is kept, not done. Error: it cannot be
  /// captured.
  void capture(const Work& work);
  /// Does the work so many times; on a GPU only hands it over, and waits until no more than one
  /// chunk is still to be begun.
  void run(std::int64_t times, const Work& work);

 private:
  struct Gpu;
  std::int64_t steps_ = 0;
  std::unique_ptr<Gpu> gpu_;  // on a GPU
};

/// "NVIDIA H100" for a GPU, "cpu" for the host.
std::string device_name(c10::Device device);

/// Bytes of a GPU's memory that are free. Of the host's all that can be counted.
std::int64_t free_memory(c10::Device device);

}  // namespace laq::train
