#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace laq::analysis {

/// Keys stay in the order in which they are written.
using Json = nlohmann::ordered_json;

/// null for nothing.
template <typename T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace laq::analysis
