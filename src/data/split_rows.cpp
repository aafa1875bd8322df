#include "data/split_rows.hpp"

#include <fmt/format.h>

#include <numeric>
#include <string_view>

#include "core/error.hpp"
#include "core/random.hpp"

namespace laq::data {
namespace {

// The split belongs to the dataset: it is the same whatever the seed of a run.
constexpr std::uint64_t kSplitSeed = 0;

std::vector<std::int64_t> counting(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

std::vector<std::int64_t> random_order(std::size_t count, std::string_view purpose) {
  return permutation(count, RandomStream(kSplitSeed, purpose));
}

}  // namespace

PartRows rows_in_order(const Splits& splits) {
  return {counting(0, splits.train), counting(splits.train, splits.validation)};
}

PartRows rows_by_class(std::span<const std::uint8_t> labels,
                       const std::vector<std::int64_t>& file_rows, const Splits& splits,
                       std::int64_t classes, const std::string& where) {
  const auto class_count = static_cast<std::size_t>(classes);
  std::vector<std::vector<std::int64_t>> left;  // to be drawn: file × class
  for (const std::int64_t drawn : splits.validation_per_class)
    left.emplace_back(class_count, drawn);
  std::vector<bool> is_drawn(labels.size());
  for (const std::int64_t row : random_order(labels.size(), "validation rows")) {
    std::size_t file = 0;
    for (std::int64_t end = file_rows[0]; row >= end; end += file_rows[file]) ++file;
    const auto index = static_cast<std::size_t>(row);
    std::int64_t& wanted = left[file][labels[index]];
    if (wanted == 0) continue;
    --wanted;
    is_drawn[index] = true;
  }
  for (std::size_t file = 0; file < left.size(); ++file) {
    for (std::size_t label = 0; label < class_count; ++label) {
      if (left[file][label] == 0) continue;
      const std::int64_t drawn = splits.validation_per_class[file];
      throw Error(
          {.what = fmt::format("class {} has too few pictures for validation", label),
           .where = where,
           .found = fmt::format("{} in training file {}", drawn - left[file][label], file + 1),
           .expected = fmt::format("at least {}", drawn)});
    }
  }
  PartRows rows;
  // An order of its own: in the drawing's, the classes that are full first would come first.
  for (const std::int64_t row : random_order(labels.size(), "row order")) {
    (is_drawn[static_cast<std::size_t>(row)] ? rows.validation : rows.train).push_back(row);
  }
  return rows;
}

}  // namespace laq::data
