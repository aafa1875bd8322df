#pragma once

#include "data/text_data.hpp"
#include "train/task.hpp"

namespace laq::train {

/// Which character follows.
class TextTask : public Task {
 public:
  explicit TextTask(data::TextData text);

  nn::Shape shape() const override { return {{}, text_.vocabulary().size()}; }
  std::int64_t rows(data::Part part) const override { return text_.size(part); }
  /// Input: steps × rows; target: steps·rows, step by step.
  Batch gather(data::Part part, std::span<const std::int64_t> rows) const override;
  std::int64_t row_dimension() const override { return 1; }
  std::int64_t evaluation_rows() const override { return text_.batch(); }
  /// `vocabulary`: two hexadecimal digits for each character.
  std::map<std::string, std::string> texts() const override;

 private:
  data::TextData text_;
};

}  // namespace laq::train
