#pragma once

#include <span>
#include <string_view>

namespace laq::record {

/// A column or final value of a run's record.
struct ColumnFacts {
  std::string_view name, unit, meaning;
};

/// Where in run.h5.
enum class Part { epochs, steps, layers, final_values };

/// What this version writes there; training, readers and the documentation share it.
std::span<const ColumnFacts> columns_of(Part part);

/// Null: not one of them.
const ColumnFacts* find_column(Part part, std::string_view name);

}  // namespace laq::record
