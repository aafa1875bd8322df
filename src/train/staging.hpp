#pragma once

#include <memory>

#include "train/task.hpp"

namespace laq::train {

/// Brings batches from the host's memory to a device, always to the same place there. On a GPU
/// they are on their way while the host makes the next one.
class Staging {
 public:
  explicit Staging(c10::Device device);
  ~Staging();

  /// The batch on the device, until the next one. On the CPU `batch` itself.
  const Batch& bring(Batch batch);

 private:
  struct Pinned;
  c10::Device device_;
  Batch here_;
  std::unique_ptr<Pinned> pinned_;  // on a GPU
};

}  // namespace laq::train
