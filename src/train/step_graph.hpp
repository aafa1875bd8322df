#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "train/task.hpp"

namespace laq::train {

/// Carries out the work of training steps on a device. On a GPU whose LibTorch has CUDA graphs the
/// work is captured at the fourth step and replayed from then on: one launch instead of hundreds,
/// and nothing in it waits for the host.
class StepGraph {
 public:
  /// What a step does with a batch on the device; returns its loss, a single number. To be
  /// captured, it must be the same sequence of operations on the same tensors each time.
  using Work = std::function<at::Tensor(const Batch&)>;

  /// `capture` false: every step anew. On a GPU, waits for what was begun; the work of this thread
  /// then goes to a stream of its own, as capturing asks.
  StepGraph(c10::Device device, bool capture);
  ~StepGraph();

  /// Brings a batch in the host's memory to the device and does the work. The loss is overwritten
  /// by the next step. Error: the work cannot be captured.
  at::Tensor run(const Batch& batch, const Work& work);

 private:
  struct Capture;
  c10::Device device_;
  std::unique_ptr<Capture> capture_;  // on a GPU
};

/// "NVIDIA H100" for a GPU, "cpu" for the host.
std::string device_name(c10::Device device);

}  // namespace laq::train
