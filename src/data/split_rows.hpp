#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset_spec.hpp"

namespace laq::data {

/// Rows of the training pictures that make the two parts, in the order of the parts.
struct PartRows {
  std::vector<std::int64_t> train, validation;
};

/// The first rows for training, the last for validation.
PartRows rows_in_order(const Splits& splits);

/// Draws `splits.validation_per_class` rows of each class from every training file (`file_rows`:
/// rows of each) for validation; all others are for training. Both parts are in random order, so
/// that their first rows are a fair sample. The random streams have a fixed seed: the split depends
/// on the labels alone. Error: a class with fewer rows than are to be drawn.
PartRows rows_by_class(std::span<const std::uint8_t> labels,
                       const std::vector<std::int64_t>& file_rows, const Splits& splits,
                       std::int64_t classes, const std::string& where);

}  // namespace laq::data
