#pragma once

#include "data/augment.hpp"
#include "train/task.hpp"

namespace laq::train {

/// Which of the classes a picture shows.
class ImageTask : public Task {
 public:
  ImageTask(data::ImageData images, std::int64_t classes, Loss loss = Loss::squared_hinge,
            const data::Augmentation& augmentation = {});

  nn::Shape shape() const override;
  std::int64_t rows(data::Part part) const override { return images_.size(part); }
  /// Input: rows × channels × height × width; target: rows.
  Batch gather(data::Part part, std::span<const std::int64_t> rows) const override;
  std::int64_t evaluation_rows() const override { return 500; }
  bool augments() const override { return augmentation_.on(); }
  void augment(Batch& batch, std::uint64_t seed, std::uint64_t step) const override;
  /// `mean` and `deviation`: channels × height × width, where they are subtracted and divided by.
  std::map<std::string, at::Tensor> input_statistics() const override;

 private:
  data::ImageData images_;
  std::int64_t classes_;
  data::Augmentation augmentation_;
};

}  // namespace laq::train
