#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset_spec.hpp"

namespace laq::data {

/// Rows of numbers with a class each.
struct Table {
  std::vector<std::int64_t> shape;   ///< of one row's features: [4], or [channels, height, width]
  std::vector<float> features;       ///< rows × features
  std::vector<std::uint8_t> labels;  ///< 0 … classes − 1, each of them at least once
  std::int64_t classes = 0;
  /// Of each row: 0 training, 1 validation, 2 test; empty: the file does not say.
  std::vector<std::uint8_t> parts;

  std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t width() const;
};

/// Whether a file's name ends as those that `read_table` knows: .csv, .tsv, .npy, .npz.
bool is_table_name(const std::string& name);

/// Reads a file's content. A CSV has a row for each line; where its first line has names, the
/// column `label` (otherwise class, target or y, or else the last one) has the labels, and a column
/// `split` says train, validation or test. A .npy is a matrix whose last column has the labels. A
/// .npz has arrays `x` (rows × features, or rows × channels × height × width) and `y`, and may have
/// `split` (0, 1, 2); or `x_train`, `y_train`, `x_test`, `y_test` and perhaps `x_valid`,
/// `y_valid`. Errors, beginning with `where` and the line or array: text in a number's place, a
/// missing value, rows of different lengths, what is not finite, labels that are not 0, 1, 2, …,
/// an array of Python objects (which would have to be unpickled), a damaged file.
Table read_table(std::string_view raw, const std::string& name, const std::string& where);

/// Which rows of a table are for training, for validation, and for the test: as it says, or drawn
/// once for all, whatever a run's seed. Where it names no row for validation, these are drawn from
/// the training rows. Errors, beginning with `where`: parts of other sizes than `splits`, a class
/// that only test rows have.
std::array<std::vector<std::int64_t>, 3> table_rows(const Table& table, const Splits& splits,
                                                    const std::string& where);

}  // namespace laq::data
