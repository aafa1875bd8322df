#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "record/provenance.hpp"

namespace laq::record {

/// Columns of numbers of equal length, in the order in which they were first given, each row with a
/// number of its own (the epoch, the step), which rises.
struct Table {
  using Row = std::vector<std::pair<std::string, double>>;

  std::vector<std::int64_t> index;
  std::vector<std::pair<std::string, std::vector<double>>> columns;

  std::size_t rows() const { return index.size(); }
  /// A column, or null.
  const std::vector<double>* find(std::string_view column) const;
  /// The scores of validation and test in the last row, by column; none without a row.
  std::map<std::string, double> last_scores() const;
  /// Adds a row. Errors: `number` does not rise; columns other than those of the rows before.
  void append(std::int64_t number, const Row& row);
};

/// One row of `width` numbers per epoch, row-major: [epochs x width].
struct LayerColumn {
  std::size_t width = 0;
  std::vector<double> values;
};

/// What is known of one quantized parameter: scales [epochs x groups·scales], zero_fraction [epochs
/// x 1], level_histogram [epochs x levels], flips, rounds, weighted_error, level_values [epochs x
/// levels], latent_histogram [epochs x bins], latent_largest, gap, relaxation …
using Layer = std::vector<std::pair<std::string, LayerColumn>>;

using FinalValue = std::variant<std::int64_t, double, std::string>;

/// Steps of a run that one kind of process computed: from the first one up to the next stretch.
struct Stretch {
  std::int64_t first_step = 1;
  Process by;

  bool operator==(const Stretch&) const = default;
};

/// What a run has measured so far.
struct History {
  Table epochs;
  Table steps;
  std::vector<std::pair<std::string, Layer>> layers;
  std::map<std::string, FinalValue> final_values;
  std::vector<Stretch> stretches = {};  ///< none in the first versions' files

  /// Null when absent.
  const Layer* find_layer(std::string_view layer) const;
  const LayerColumn* find(std::string_view layer, std::string_view column) const;
  /// A final value, whole or real. Nothing: there is none, or it is text.
  std::optional<double> final_number(const std::string& key) const;
  /// Adds the last epoch's row to a layer's column; call after `epochs.append`. Errors: the row is
  /// empty, has another width than the rows before, or rows of earlier epochs are missing.
  void append_layer(const std::string& layer, const std::string& column,
                    std::span<const double> row);
  void append_layer(const std::string& layer, const std::string& column, double value);
  /// From `step` on the run is computed by `process`; nothing new when it was before. Steps of
  /// which nothing is known become a stretch of their own, by "unknown".
  void continue_by(std::int64_t step, const Process& process);

  /// Error: lengths differ, a number does not rise, a name is empty, twice there or holds a '/'.
  void check() const;
};

/// Error: unfit as a name in an HDF5 group (empty, ".", "..", or with '/' or a zero byte).
void check_name(std::string_view name, std::string_view what);

}  // namespace laq::record
