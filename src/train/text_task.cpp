#include "train/text_task.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace laq::train {

TextTask::TextTask(data::TextData text) : Task(Loss::cross_entropy), text_(std::move(text)) {}

Batch TextTask::gather(data::Part part, std::span<const std::int64_t> rows) const {
  const auto count = static_cast<std::int64_t>(rows.size());
  const Batch batch{at::empty({text_.steps(), count}, at::kLong),
                    at::empty({text_.steps() * count}, at::kLong)};
  text_.gather(part, rows, batch.input.data_ptr<std::int64_t>(),
               batch.target.data_ptr<std::int64_t>());
  return batch;
}

std::map<std::string, std::string> TextTask::texts() const {
  std::string digits;
  for (const char c : text_.vocabulary().characters())
    digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return {{"vocabulary", digits}};
}

}  // namespace laq::train
