#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/run_data.hpp"

namespace laq::analysis {

/// One figure, not drawn yet.
struct Chart {
  std::string name;   ///< of its files
  std::string kind;   ///< heading that figures of a kind share: "Learning curves"
  std::string title;  ///< "Test error over the epochs, MNIST"
  std::string caption;
  int width = 0, height = 0;  ///< in CSS pixels, 1/96 inch
  /// gnuplot commands between the common prologue and the end, for every terminal.
  std::string script;
  /// (file name, tab-separated table with a head line): what the script reads.
  std::vector<std::pair<std::string, std::string>> data;
  std::vector<std::size_t> series;  ///< whose runs it shows: `first_job` of each
};

/// A figure that is not drawn, and why.
struct LeftOut {
  std::string title, reason;
};

struct Charts {
  std::vector<Chart> drawn;
  std::vector<LeftOut> left_out;

  void add(Charts more);
};

/// All figures of a sweep. `configs` is needed to find a full-precision run that the sweep does not
/// list.
Charts make_charts(const SweepData& data, const std::filesystem::path& configs);

// One of these for each kind of figure.

/// The metric, and the loss, over the epochs: one panel for each method.
Charts learning_charts(const SweepData& data);
/// The final metric against bits per weight, with the line of full precision.
Charts bits_charts(const SweepData& data, const std::filesystem::path& configs);
/// The final metric against the bytes that the weights take.
Charts size_charts(const SweepData& data);
/// Latent and quantized weights of every layer at the end.
Charts weights_charts(const SweepData& data);
/// Scales, zeros and flips of every layer over the epochs.
Charts scales_charts(const SweepData& data);
/// Rounds of the alternating solver, and the gap of approximate ones to the optimum.
Charts solver_charts(const SweepData& data);
/// Milliseconds of a training step.
Charts time_charts(const SweepData& data);

// Text for scripts.

/// A chart of one method on one experiment: its name, which no other series has, its kind, title
/// and series are set.
Chart series_chart(const SweepData& data, const Series& series, const std::string& name,
                   const std::string& kind, const std::string& title);

/// A range of values this many times as high as low gets a logarithmic axis.
inline constexpr double kWideRange = 25;
/// Epochs from one marker on a curve to the next.
std::size_t marker_distance(std::size_t epochs);

/// A gnuplot string: 'it''s'.
std::string script_text(std::string_view text);
/// Text as a field of a figure's table.
std::string table_field(const std::string& text);
/// NAME, or NAME-EXPERIMENT when the sweep has several: another one for each.
std::string chart_name(const SweepData& data, const std::string& name,
                       const std::string& experiment);
/// ", MNIST" or "".
std::string experiment_suffix(const SweepData& data, const std::string& experiment);
/// " Without a completed run: LATe (diverged), TWN (not run)." or "", for captions of figures that
/// show results.
std::string missing_words(const SweepData& data, const std::string& experiment);
/// Letters, digits, dots and dashes.
std::string file_word(std::string_view text);
/// "lstm.weight_ih_l0", "conv1".
std::string layer_word(const std::string& layer);

/// Panels side by side and below each other.
struct Panels {
  std::size_t count, columns;
  int width, height;  ///< of the figure

  std::size_t rows() const { return (count + columns - 1) / columns; }
  bool leftmost(std::size_t panel) const { return panel % columns == 0; }
  bool lowest(std::size_t panel) const { return panel + columns >= count; }
  /// The command that begins the figure; `right` and `top` are pixels kept free for a legend,
  /// `between` those between panels side by side, for tics and label.
  std::string begin(int right = 14, int top = 34, int between = 44) const;
};

/// A grid of at most `most` columns with panels of this height.
Panels panels(std::size_t count, std::size_t most, int panel_height);

/// Where labels of points may stand without touching: moves `at` (in pixels) as little as may be,
/// in order, so that neighbours are `gap` apart, within [low, high] where they fit.
std::vector<double> spread(const std::vector<double>& at, double gap, double low, double high);

}  // namespace laq::analysis
