#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

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

/// Lines of CSV (RFC 4180) below a head of all their keys, in the order in which these first come;
/// a line lacks what it has no key for. Numbers are the shortest text that reads back as the same.
std::string csv(const std::vector<Json>& lines);

/// As the text of a file, where a path may hold bytes that are not UTF-8.
std::string json_text(const Json& json);

}  // namespace laq::analysis
