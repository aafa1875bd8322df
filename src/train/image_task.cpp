#include "train/image_task.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/random.hpp"

namespace laq::train {

ImageTask::ImageTask(data::ImageData images, std::int64_t classes, Loss loss,
                     const data::Augmentation& augmentation)
    : Task(loss), images_(std::move(images)), classes_(classes), augmentation_(augmentation) {}

void ImageTask::augment(Batch& batch, std::uint64_t seed, std::uint64_t step) const {
  if (!augments()) return;
  data::augment(batch.input.data_ptr<float>(), batch.input.size(0), images_.channels(),
                images_.height(), images_.width(), augmentation_,
                RandomStream(seed, "augmentation", step));
}

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
  std::map<std::string, at::Tensor> all;
  const auto add = [&](const char* name, const std::vector<float>& values) {
    if (std::all_of(values.begin(), values.end(), [](float x) { return x == 0; })) return;
    const at::Tensor tensor = at::empty(shape().input, at::kFloat);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    all[name] = tensor;
  };
  add("mean", images_.mean());
  add("deviation", images_.deviation());
  return all;
}

}  // namespace laq::train
