#include "analysis/json_values.hpp"

#include <fmt/format.h>

#include "core/lists.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

std::string field(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? fmt::format("{}", value.get<double>()) : value.dump();
}

}  // namespace

std::string csv(const std::vector<Json>& lines) {
  std::vector<std::string> heads;
  for (const auto& line : lines) {
    for (const auto& [key, value] : line.items()) add_once(heads, key);
  }
  std::string text;
  const auto add = [&](const auto& of) {
    std::vector<std::string> fields;
    for (const auto& head : heads) fields.push_back(quoted_field(of(head), ','));
    text += join(fields, ",") + "\n";
  };
  add([](const std::string& head) { return head; });
  for (const auto& line : lines)
    add([&](const std::string& head) { return field(line.value(head, Json())); });
  return text;
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace laq::analysis
