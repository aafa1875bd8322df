#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "analysis/statistics.hpp"

/// null for nothing.
template <typename T>
struct nlohmann::adl_serializer<std::optional<T>> {
  static void to_json(auto& json, const std::optional<T>& value) {
    value ? json = *value : json = nullptr;
  }
};

namespace laq::analysis {

/// Keys stay in the order in which they are written.
using Json = nlohmann::ordered_json;

inline void to_json(Json& json, const Interval& interval) {
  json = {interval.low, interval.high};
}

/// As the text of a file, where a path may hold bytes that are not UTF-8.
inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace laq::analysis
