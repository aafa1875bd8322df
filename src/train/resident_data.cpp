#include "train/resident_data.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace laq::train {
namespace {

constexpr std::int64_t kRowsAtATime = 4096;
constexpr std::int64_t kShareOfFree = 3;

Batch of_host(const Task& task, data::Part part, std::int64_t begin, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), begin);
  return task.gather(part, rows);
}

at::Tensor narrow(const at::Tensor& values) {
  if (values.scalar_type() != at::kLong) return values;
  const auto bad = values.lt(0).logical_or_(values.gt(255));
  if (bad.any().item<bool>()) {
    throw Error({.what = "a label or character does not fit a byte",
                 .found = std::to_string(values.masked_select(bad)[0].item<std::int64_t>()),
                 .expected = "0 to 255"});
  }
  return values.to(at::kByte);
}

at::Tensor widen(const at::Tensor& values) {
  return values.scalar_type() == at::kByte ? values.to(at::kLong) : values;
}

// A batch's tensors with the rows first.
Batch by_row(const Batch& batch, std::int64_t dimension) {
  const bool one_answer = batch.target.numel() == batch.input.size(dimension);
  return {narrow(batch.input.movedim(dimension, 0)),
          narrow(one_answer ? batch.target
                            : batch.target.view(batch.input.sizes()).movedim(dimension, 0))};
}

at::Tensor place_for(const at::Tensor& row, std::int64_t rows, c10::Device device) {
  std::vector<std::int64_t> sizes = row.sizes().vec();
  sizes[0] = rows;
  return at::empty(sizes, row.options().device(device));
}

}  // namespace

ResidentPart::ResidentPart(const Task& task, data::Part part, c10::Device device)
    : row_dimension_(task.row_dimension()) {
  const std::int64_t rows = task.rows(part);
  for (std::int64_t begin = 0; begin < rows; begin += kRowsAtATime) {
    const std::int64_t count = std::min(kRowsAtATime, rows - begin);
    const Batch some = by_row(of_host(task, part, begin, count), row_dimension_);
    if (begin == 0) {
      input_ = place_for(some.input, rows, device);
      target_ = place_for(some.target, rows, device);
    }
    input_.narrow(0, begin, count).copy_(some.input);
    target_.narrow(0, begin, count).copy_(some.target);
  }
}

std::int64_t ResidentPart::bytes(const Task& task, data::Part part) {
  const Batch row = by_row(of_host(task, part, 0, 1), task.row_dimension());
  return task.rows(part) * static_cast<std::int64_t>(row.input.nbytes() + row.target.nbytes());
}

Batch ResidentPart::batch(at::Tensor input, at::Tensor target) const {
  if (row_dimension_ != 0) {
    input = input.movedim(0, row_dimension_).contiguous();
    if (target.dim() > 1) target = target.movedim(0, row_dimension_).contiguous().view(-1);
  }
  return {widen(input), widen(target)};
}

Batch ResidentPart::gather(const at::Tensor& rows) const {
  return batch(input_.index_select(0, rows), target_.index_select(0, rows));
}

Batch ResidentPart::slice(std::int64_t begin, std::int64_t count) const {
  return batch(input_.narrow(0, begin, count), target_.narrow(0, begin, count));
}

ResidentData::ResidentData(const Task& task, c10::Device device,
                           const std::function<std::int64_t()>& free_bytes) {
  for (const auto part : {data::Part::train, data::Part::validation, data::Part::test}) {
    if (part == data::Part::train && task.augments()) continue;
    if (ResidentPart::bytes(task, part) > free_bytes() / kShareOfFree) continue;
    parts_[static_cast<std::size_t>(part)].emplace(task, part, device);
  }
}

}  // namespace laq::train
