#include "record/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"

namespace laq::record {
namespace {

template <typename List>
auto* find_named(List& list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == list.end() ? nullptr : &found->second;
}

template <typename List>
std::set<std::string> checked_names(const List& list, std::string_view what) {
  std::set<std::string> seen;
  for (const auto& entry : list) {
    check_name(entry.first, what);
    if (!seen.insert(entry.first).second) {
      throw Error({.what = fmt::format("the {} '{}' is there twice", what, entry.first)});
    }
  }
  return seen;
}

[[noreturn]] void throw_unequal(const std::string& column, std::size_t found,
                                std::size_t expected) {
  throw Error({.what = "column '" + column + "' has the wrong length",
               .found = fmt::format("{} rows", found),
               .expected = std::to_string(expected)});
}

void check_table(const Table& table, const std::string& index_name) {
  if (checked_names(table.columns, "column").contains(index_name)) {
    throw Error({.what = "the column '" + index_name + "' is made by the record itself"});
  }
  if (std::adjacent_find(table.index.begin(), table.index.end(), std::greater_equal<>()) !=
      table.index.end()) {
    throw Error({.what = fmt::format("the {} numbers do not rise", index_name)});
  }
  for (const auto& [name, values] : table.columns) {
    if (values.size() != table.rows()) throw_unequal(name, values.size(), table.rows());
  }
}

}  // namespace

void check_name(std::string_view name, std::string_view what) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos ||
      name.find('\0') != name.npos) {
    throw Error({.what = fmt::format("'{}' cannot be the name of a {}", name, what),
                 .expected = "text without '/' that is not a dot"});
  }
}

const std::vector<double>* Table::find(std::string_view column) const {
  return find_named(columns, column);
}

std::map<std::string, double> Table::last_scores() const {
  std::map<std::string, double> scores;
  for (const auto& [column, values] : columns) {
    const bool score = column.starts_with("valid_") || column.starts_with("test_");
    if (score && !values.empty()) scores[column] = values.back();
  }
  return scores;
}

void Table::append(std::int64_t number, const Row& row) {
  if (!index.empty() && number <= index.back()) {
    throw Error({.what = "rows must have rising numbers",
                 .found = fmt::format("{} after {}", number, index.back())});
  }
  const bool first = index.empty() && columns.empty();
  if (!first && row.size() != columns.size()) {
    throw Error({.what = fmt::format("row {} has other columns than the rows before", number),
                 .found = fmt::format("{} columns", row.size()),
                 .expected = std::to_string(columns.size())});
  }
  checked_names(row, "column");
  for (const auto& entry : row) {
    if (!first && !find(entry.first)) {
      throw Error({.what = fmt::format("row {} has the column '{}', which the rows before lack",
                                       number, entry.first)});
    }
  }
  for (const auto& [name, value] : row) {
    if (first) columns.emplace_back(name, std::vector<double>());
    find_named(columns, name)->push_back(value);
  }
  index.push_back(number);
}

const Layer* History::find_layer(std::string_view layer) const {
  return find_named(layers, layer);
}

const LayerColumn* History::find(std::string_view layer, std::string_view column) const {
  const Layer* found = find_layer(layer);
  return found ? find_named(*found, column) : nullptr;
}

void History::append_layer(const std::string& layer, const std::string& column,
                           std::span<const double> row) {
  check_name(layer, "layer");
  check_name(column, "column");
  const LayerColumn* before = find(layer, column);
  const std::size_t width = before ? before->width : row.size();
  const std::size_t rows = before ? before->values.size() / std::max<std::size_t>(width, 1) : 0;
  if (row.empty() || row.size() != width) {
    throw Error(
        {.what = fmt::format("column '{}' of layer '{}' has the wrong width", column, layer),
         .found = std::to_string(row.size()),
         .expected = before ? std::to_string(width) : "at least one value"});
  }
  if (rows + 1 != epochs.rows()) throw_unequal(layer + "/" + column, rows + 1, epochs.rows());
  if (!find_layer(layer)) layers.emplace_back(layer, Layer());
  Layer& to = *find_named(layers, layer);
  if (!before) to.emplace_back(column, LayerColumn{width, {}});
  auto& values = find_named(to, column)->values;
  values.insert(values.end(), row.begin(), row.end());
}

void History::append_layer(const std::string& layer, const std::string& column, double value) {
  append_layer(layer, column, std::span(&value, 1));
}

std::optional<double> History::final_number(const std::string& key) const {
  const auto found = final_values.find(key);
  if (found == final_values.end()) return std::nullopt;
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&found->second)) {
    return static_cast<double>(*whole);
  }
  return std::nullopt;
}

void History::continue_by(std::int64_t step, const Process& process) {
  if (stretches.empty() && step > 1) {
    Process unknown;
    unknown.version = unknown.git_commit = "unknown";
    unknown.device = "";
    stretches.push_back({1, unknown});
  }
  while (!stretches.empty() && stretches.back().first_step >= step) stretches.pop_back();
  if (stretches.empty() || stretches.back().by != process) stretches.push_back({step, process});
}

void History::check() const {
  check_table(epochs, "epoch");
  check_table(steps, "step");
  checked_names(layers, "layer");
  for (const auto& [layer, columns] : layers) {
    checked_names(columns, "column");
    for (const auto& [name, column] : columns) {
      if (column.width == 0 || column.values.size() != epochs.rows() * column.width) {
        throw_unequal(layer + "/" + name,
                      column.values.size() / std::max<std::size_t>(column.width, 1), epochs.rows());
      }
    }
  }
  checked_names(final_values, "final value");
  const auto not_after = [](const Stretch& a, const Stretch& b) {
    return b.first_step <= a.first_step;
  };
  if (std::adjacent_find(stretches.begin(), stretches.end(), not_after) != stretches.end()) {
    throw Error({.what = "the processes' first steps do not rise"});
  }
}

}  // namespace laq::record
