#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "train/task.hpp"

namespace laq::train {

/// A part of a task's data on a device, where batches are made of it without the host. Whole
/// numbers are kept as bytes.
class ResidentPart {
 public:
  /// Error: a label or character above 255.
  ResidentPart(const Task& task, data::Part part, c10::Device device);
  /// What a part takes on a device.
  static std::int64_t bytes(const Task& task, data::Part part);

  /// What `Task::gather` gives, bit by bit, by the same operations whatever the rows are. `rows`:
  /// int64, on the device.
  Batch gather(const at::Tensor& rows) const;
  /// The same of rows begin … begin + count − 1.
  Batch slice(std::int64_t begin, std::int64_t count) const;

 private:
  Batch batch(at::Tensor input, at::Tensor target) const;

  std::int64_t row_dimension_;
  at::Tensor input_, target_;  // by row
};

/// Those parts of a task's data that lie on a device.
class ResidentData {
 public:
  /// None.
  ResidentData() = default;
  /// Those that take at most a third of what is free, so that runs can share a device; not a
  /// training part that the host augments. `free_bytes`: asked before each.
  ResidentData(const Task& task, c10::Device device,
               const std::function<std::int64_t()>& free_bytes);

  /// Null: it is with the host.
  const ResidentPart* find(data::Part part) const {
    const auto& found = parts_[static_cast<std::size_t>(part)];
    return found ? &*found : nullptr;
  }

 private:
  std::array<std::optional<ResidentPart>, 3> parts_;
};

}  // namespace laq::train
