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

/// Goes through all rows in a random order that depends on their number alone. Of every training
/// file (`file_rows`: rows of each) the first `splits.validation_per_class` rows of each class are
/// for validation, all others for training, so that the first rows of either part are a fair
/// sample. Error: a class with fewer rows than are to be drawn.
PartRows rows_by_class(std::span<const std::uint8_t> labels,
                       const std::vector<std::int64_t>& file_rows, const Splits& splits,
                       std::int64_t classes, const std::string& where);

}  // namespace laq::data
