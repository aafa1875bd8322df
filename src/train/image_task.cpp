#include "train/image_task.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace laq::train {

ImageTask::ImageTask(data::ImageData images, std::int64_t classes, Loss loss)
    : Task(loss), images_(std::move(images)), classes_(classes) {}

nn::Shape ImageTask::shape() const {
  return {{images_.channels(), images_.height(), images_.width()}, classes_};
}

Batch ImageTask::gather(data::Part part, std::span<const std::int64_t> rows) const {
  const auto count = static_cast<std::int64_t>(rows.size());
  const Batch batch{
      at::empty({count, images_.channels(), images_.height(), images_.width()}, at::kFloat),
      at::empty({count}, at::kLong)};
  images_.gather(part, rows, batch.input.data_ptr<float>(), batch.target.data_ptr<std::int64_t>());
  return batch;
}

std::map<std::string, at::Tensor> ImageTask::input_statistics() const {
  const at::Tensor mean = at::empty(shape().input, at::kFloat);
  std::copy(images_.mean().begin(), images_.mean().end(), mean.data_ptr<float>());
  if (!mean.any().item<bool>()) return {};
  return {{"mean", mean}};
}

}  // namespace laq::train
