#include "train/task.hpp"

#include <ATen/ATen.h>

namespace laq::train {

Batch to_device(const Batch& batch, c10::Device device) {
  const auto move = [&](const at::Tensor& tensor) {
    // From pinned memory the copy is queued like any other work; LibTorch keeps it until then.
    const at::Tensor source = device.is_cuda() ? tensor.pin_memory() : tensor;
    return source.to(at::TensorOptions(device), /*non_blocking=*/true);
  };
  if (device.is_cpu()) return batch;
  return {move(batch.input), move(batch.target)};
}

}  // namespace laq::train
