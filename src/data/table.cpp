#include "data/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "core/random.hpp"
#include "core/text.hpp"
#include "data/content.hpp"
#include "data/npy.hpp"
#include "data/refuse.hpp"

namespace laq::data {
namespace {

const std::vector<std::string> kLabelNames = {"label", "class", "target", "y"};
const std::vector<std::string> kParts = {"train", "validation", "test"};

std::uint8_t label_of(double value, const std::string& where) {
  if (value != std::floor(value) || value < 0 || value >= static_cast<double>(kMostClasses)) {
    refuse(where, "a label is not a class's number", fmt::format("{}", value),
           fmt::format("a whole number from 0 to {}", kMostClasses - 1));
  }
  return static_cast<std::uint8_t>(value);
}

void count_classes(Table& table, const std::string& where) {
  if (table.labels.empty()) refuse(where, "has no rows");
  std::vector<bool> there(static_cast<std::size_t>(kMostClasses));
  for (const std::uint8_t label : table.labels) there[label] = true;
  table.classes = *std::max_element(table.labels.begin(), table.labels.end()) + 1;
  for (std::int64_t label = 0; label < table.classes; ++label) {
    if (there[static_cast<std::size_t>(label)]) continue;
    refuse(where, label == 0 ? "labels do not start at 0" : "labels leave out a number",
           label == 0 ? fmt::format("{} as the smallest",
                                    *std::min_element(table.labels.begin(), table.labels.end()))
                      : fmt::format("no row with label {}", label),
           fmt::format("each of 0 to {} at least once", table.classes - 1),
           "number the classes from 0");
  }
  if (table.classes < 2) refuse(where, "has only one class", "label 0 alone", "two at least");
}

void check_finite(const Table& table, const std::string& where) {
  const auto bad = std::find_if(table.features.begin(), table.features.end(),
                                [](float x) { return !std::isfinite(x); });
  if (bad == table.features.end()) return;
  const std::int64_t at = bad - table.features.begin();
  refuse(where,
         fmt::format("value {} of row {} is missing or not finite", at % table.width(),
                     at / table.width()),
         fmt::format("{}", *bad), "a number", "fill it in, or leave the row out");
}

// One line's fields; quotes around a field are taken off.
std::vector<std::string> fields_of(std::string_view line, char separator) {
  std::vector<std::string> fields = split(line, separator);
  for (std::string& field : fields) {
    const auto begin = field.find_first_not_of(" \t\r"), end = field.find_last_not_of(" \t\r");
    field = begin == std::string::npos ? "" : field.substr(begin, end - begin + 1);
    if (field.size() > 1 && field.front() == '"' && field.back() == '"')
      field = field.substr(1, field.size() - 2);
  }
  return fields;
}

std::optional<double> number_in(const std::string& field) {
  return number_from<double>(std::string_view(field).substr(field.starts_with('+') ? 1 : 0));
}

// Reads lines one after the other.
class CsvReader {
 public:
  CsvReader(std::string_view raw, const std::string& where) : raw_(raw), where_(where) {
    const std::string_view first = raw.substr(0, raw.find('\n'));
    for (const char candidate : {',', ';', '\t'}) {
      if (std::count(first.begin(), first.end(), candidate) >
          std::count(first.begin(), first.end(), separator_))
        separator_ = candidate;
    }
  }

  Table read() {
    if (raw_.starts_with("\xef\xbb\xbf")) raw_.remove_prefix(3);
    std::size_t line = 0;
    for (std::size_t begin = 0; begin < raw_.size();) {
      const std::size_t end = std::min(raw_.find('\n', begin), raw_.size());
      const std::string_view text = raw_.substr(begin, end - begin);
      begin = end + 1;
      ++line;
      if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      add(fields_of(text, separator_), line);
    }
    table_.shape = {static_cast<std::int64_t>(columns_) - (split_ ? 2 : 1)};
    return std::move(table_);
  }

 private:
  void add(const std::vector<std::string>& fields, std::size_t line) {
    const std::string place = fmt::format("{}:{}", where_, line);
    if (columns_ == 0 && begin(fields, place)) return;
    if (fields.size() != columns_) {
      refuse(place, "the line has another number of fields", std::to_string(fields.size()),
             std::to_string(columns_));
    }
    for (std::size_t column = 0; column < columns_; ++column) {
      const std::string& field = fields[column];
      const std::string here = fmt::format("{}, column '{}'", place, names_[column]);
      if (field.empty())
        refuse(here, "a value is missing", "nothing", "a number",
               "fill it in, or leave the row out");
      if (split_ == column) {
        table_.parts.push_back(part_of(field, here));
        continue;
      }
      const auto value = number_in(field);
      if (!value) refuse(here, "text in a number's place", "'" + field + "'", "a number");
      if (column == label_)
        table_.labels.push_back(label_of(*value, here));
      else if (!std::isfinite(*value))
        refuse(here, "a value is not finite", "'" + field + "'", "a number");
      else
        table_.features.push_back(static_cast<float>(*value));
    }
  }

  static std::uint8_t part_of(const std::string& word, const std::string& where) {
    const auto found = std::find(kParts.begin(), kParts.end(), word == "valid" ? kParts[1] : word);
    if (found == kParts.end())
      refuse(where, "unknown part", "'" + word + "'", "train, validation or test");
    return static_cast<std::uint8_t>(found - kParts.begin());
  }

  // The first line. Whether it has names.
  bool begin(const std::vector<std::string>& fields, const std::string& place) {
    columns_ = fields.size();
    if (columns_ < 2) {
      refuse(place, "the line has too few fields", std::to_string(columns_),
             "features and a label, separated by commas");
    }
    const auto names = std::count_if(fields.begin(), fields.end(), [](const std::string& field) {
      return !field.empty() && !number_in(field);
    });
    const bool named = std::cmp_greater(2 * names, columns_);
    label_ = columns_ - 1;
    for (std::size_t column = 0; column < columns_; ++column) {
      names_.push_back(named ? fields[column] : std::to_string(column + 1));
      if (!named) continue;
      if (fields[column] == "split") split_ = column;
    }
    if (split_ == label_) --label_;
    if (!named) return false;
    for (std::size_t column = 0; column < columns_; ++column) {
      if (!fields[column].empty() && !number_in(fields[column])) continue;
      refuse(place, fmt::format("the header has no name for column {}", column + 1),
             "'" + fields[column] + "'", "a name for each column",
             "name it, or leave the column out if it only counts the rows");
    }
    for (const std::string& name : kLabelNames) {
      const auto found = std::find(fields.begin(), fields.end(), name);
      if (found == fields.end()) continue;
      label_ = static_cast<std::size_t>(found - fields.begin());
      break;
    }
    return true;
  }

  std::string_view raw_;
  std::string where_;
  char separator_ = ',';
  std::size_t columns_ = 0, label_ = 0;
  std::optional<std::size_t> split_;
  std::vector<std::string> names_;
  Table table_;
};

// Rows of features and their labels at the end of a table, `part` of each unless negative.
void append(Table& table, const NumpyArray& x, const NumpyArray& y, int part,
            const std::string& where) {
  const std::size_t dimensions = x.shape.size();
  if (dimensions != 2 && dimensions != 4) {
    refuse(where, "the features' array has another number of dimensions",
           std::to_string(dimensions), "rows x features, or rows x channels x height x width");
  }
  if (y.values.size() != static_cast<std::size_t>(x.shape[0]) || y.shape.size() > 2) {
    refuse(where, "features and labels have different numbers of rows",
           fmt::format("{} and {}", x.shape[0], y.values.size()));
  }
  const std::vector<std::int64_t> shape(x.shape.begin() + 1, x.shape.end());
  if (!table.shape.empty() && table.shape != shape) {
    refuse(where, "the parts have different features", fmt::format("{}", fmt::join(shape, " x ")),
           fmt::format("{}", fmt::join(table.shape, " x ")));
  }
  table.shape = shape;
  for (const double value : x.values) table.features.push_back(static_cast<float>(value));
  for (std::size_t row = 0; row < y.values.size(); ++row) {
    table.labels.push_back(label_of(y.values[row], fmt::format("{}, row {}", where, row)));
    if (part >= 0) table.parts.push_back(static_cast<std::uint8_t>(part));
  }
}

Table of_matrix(const NumpyArray& matrix, const std::string& where) {
  if (matrix.shape.size() != 2 || matrix.shape[1] < 2) {
    refuse(where, "is not a matrix of features and labels",
           fmt::format("{}", fmt::join(matrix.shape, " x ")),
           "rows x (features, then a column of labels)");
  }
  const std::int64_t rows = matrix.shape[0], width = matrix.shape[1] - 1;
  NumpyArray x{{rows, width}, {}}, y{{rows}, {}};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    const bool label = static_cast<std::int64_t>(i) % (width + 1) == width;
    (label ? y : x).values.push_back(matrix.values[i]);
  }
  Table table;
  append(table, x, y, -1, where);
  return table;
}

Table of_arrays(const std::map<std::string, NumpyArray>& arrays, const std::string& where) {
  const auto find = [&](const std::string& name) {
    const auto found = arrays.find(name);
    return found == arrays.end() ? nullptr : &found->second;
  };
  Table table;
  if (const auto* x = find("x"), *y = find("y"); x && y) {
    append(table, *x, *y, -1, where);
    if (const auto* parts = find("split")) {
      if (parts->values.size() != table.labels.size())
        refuse(where + ": split", "has another number of rows",
               std::to_string(parts->values.size()), std::to_string(table.labels.size()));
      for (const double part : parts->values) {
        if (part != 0 && part != 1 && part != 2)
          refuse(where + ": split", "unknown part", fmt::format("{}", part),
                 "0 (train), 1 (validation) or 2 (test)");
        table.parts.push_back(static_cast<std::uint8_t>(part));
      }
    }
    return table;
  }
  for (int part = 0; part < 3; ++part) {
    const std::string name = part == 0 ? "train" : part == 1 ? "valid" : "test";
    const auto *x = find("x_" + name), *y = find("y_" + name);
    if (x && y) append(table, *x, *y, part, where + ": " + name);
    if ((x && y) || part == 1) continue;
    std::vector<std::string> names;
    for (const auto& [other, array] : arrays) names.push_back(other);
    refuse(where, "lacks arrays", join_few(names, 8),
           "x and y, or x_train, y_train, x_test and y_test");
  }
  return table;
}

}  // namespace

std::int64_t Table::width() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

bool is_table_name(const std::string& name) {
  for (const char* ending : {".csv", ".tsv", ".npy", ".npz"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

Table read_table(std::string_view raw, const std::string& name, const std::string& where) {
  Table table = name.ends_with(".npz")   ? of_arrays(read_npz(raw, where), where)
                : name.ends_with(".npy") ? of_matrix(read_npy(raw, where), where)
                                         : CsvReader(raw, where).read();
  count_classes(table, where);
  check_finite(table, where);
  return table;
}

std::array<std::vector<std::int64_t>, 3> table_rows(const Table& table, const Splits& splits,
                                                    const std::string& where) {
  std::array<std::vector<std::int64_t>, 3> rows;
  const std::array<std::int64_t, 3> wanted{splits.train, splits.validation, splits.test};
  const bool says = !table.parts.empty();
  const bool without_validation =
      says && std::find(table.parts.begin(), table.parts.end(), 1) == table.parts.end();
  for (const std::int64_t row :
       permutation(static_cast<std::size_t>(table.rows()), RandomStream(0, "table rows"))) {
    std::size_t part = says ? table.parts[static_cast<std::size_t>(row)] : 0;
    if (!says) {
      while (part < 2 && std::cmp_equal(rows[part].size(), wanted[part])) ++part;
    } else if (without_validation && part == 0 && std::cmp_less(rows[1].size(), wanted[1])) {
      part = 1;
    }
    rows[part].push_back(row);
  }
  const std::array names{"training rows", "validation rows", "test rows"};
  for (std::size_t part = 0; part < 3; ++part)
    check_count(static_cast<std::int64_t>(rows[part].size()), wanted[part], names[part], where);
  std::vector<bool> learnt(static_cast<std::size_t>(table.classes));
  for (const std::size_t part : {0, 1}) {
    for (const std::int64_t row : rows[part])
      learnt[table.labels[static_cast<std::size_t>(row)]] = true;
  }
  const auto only_tested = std::find(learnt.begin(), learnt.end(), false);
  if (only_tested == learnt.end()) return rows;
  refuse(where, fmt::format("class {} is only in the test part", only_tested - learnt.begin()),
         "no row to learn it from", "rows of every class for training");
}

}  // namespace laq::data
