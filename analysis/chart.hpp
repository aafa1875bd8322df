#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "analysis/run_data.hpp"

namespace laq::analysis {

struct ClaimReport;

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// A line type of style.gp: colour, dashes and marker. 1 … 10 are those of curves that share a
/// panel; the others have a meaning.
using Look = int;
inline constexpr Look kMain = 11, kOther = 12, kLevel = 13, kContext = 14, kSupported = 15,
                      kContradicted = 16, kUndecided = 17, kAllowed = 18, kBars = 19;

struct Axis {
  enum class Scale { linear, logarithmic, asinh };

  std::string label = {};
  double low = 0, high = 1;
  Scale scale = Scale::linear;
  std::vector<double> places = {};  ///< where tics may stand; empty: at round numbers
  bool whole = false;               ///< no tics between whole numbers
};

// Small multiples.

struct CurvePoint {
  double x = 0, y = 0, sd = kUnknown;
  std::size_t runs = 0;  ///< that it is the mean of
};

struct Curve {
  enum class Mark { line, sticks, bars };

  std::string name = {};   ///< in the figure's table
  std::string label = {};  ///< beside its end; "": none
  Look look = kMain;
  std::vector<CurvePoint> points = {};
  Mark mark = Mark::line;
  double bar_width = 0, factor = 1;  ///< bars are drawn `factor` times as high
};

struct Panel {
  std::string title = {};
  Axis x = {}, y = {};
  std::vector<Curve> curves = {};
};

/// What a look means, said above the figure.
using Key = std::pair<Look, std::string>;

struct Panels {
  std::vector<Panel> panels = {};
  /// All have the same axes: numbers stand left and below only, and what goes beyond the range is
  /// marked at the edge.
  bool shared = true;
  bool context = false;  ///< the first curve of every panel is grey in all the others
  std::vector<Key> keys = {};
};

// Rows: a name and what was found, in a panel for each data set.

struct RowMark {
  double value = 0, low = kUnknown, high = kUnknown;       ///< the bar's ends
  double allowed_low = kUnknown, allowed_high = kUnknown;  ///< shaded
  Look look = kMain;
  std::string text = {};                  ///< right of the panel
  std::vector<std::string> columns = {};  ///< of the table, beside these numbers
};

struct MarkRow {
  std::string label = {};
  bool head = false;                               ///< a line over all panels, with no marks
  std::vector<std::optional<RowMark>> marks = {};  ///< one for each panel
};

struct RowPanel {
  std::string title = {};
  Axis x = {};
  std::vector<std::pair<double, Look>> lines = {};  ///< across all rows
};

struct MarkRows {
  std::vector<RowPanel> panels = {};
  std::vector<MarkRow> rows = {};
  std::vector<Key> keys = {};
  std::vector<std::string> columns = {};  ///< heads of those of the marks
  std::string note = {};                  ///< below all panels
};

/// One figure, not drawn yet.
struct Chart {
  std::string name = {};   ///< of its files
  std::string kind = {};   ///< heading that figures of a kind share: "Learning curves"
  std::string title = {};  ///< "Test error over the epochs, MNIST"
  std::string caption = {};
  std::variant<Panels, MarkRows> body = {};
  std::vector<std::size_t> series = {};  ///< whose runs it shows: `first_job` of each
  bool detail = false;                   ///< folded in reports
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

/// Which runs get a figure of their layers: of each method the setting with the best validation
/// score on the first data set that it was run on; every one; none.
enum class LayerChoice { best, all, none };

/// All figures of a sweep, overviews first. `configs` is needed to find a full-precision run that
/// the sweep does not list.
Charts make_charts(const SweepData& data, const std::filesystem::path& configs,
                   LayerChoice layers = LayerChoice::best);

// One of these for each kind of figure.

/// The final metric of every setting, mean and standard deviation, by bits per weight.
Charts overview_charts(const SweepData& data);
/// The final metric against what the sweep varies in numbers: bits, the size of the weights, the
/// axes of its grid.
Charts line_charts(const SweepData& data, const std::filesystem::path& configs);
/// What is recorded at every epoch: the metric, the loss, the solver's rounds and its gap.
Charts epoch_charts(const SweepData& data);
/// Milliseconds of a training step.
Charts time_charts(const SweepData& data);
/// Scales, zeros, flips and solver of every layer over the epochs, and its weights at the end.
Charts layer_charts(const SweepData& data, LayerChoice layers);

/// The heading of the figure of the claims.
inline constexpr const char* kClaimsKind = "Claims at a glance";
/// All comparisons of a report in one figure, grouped by claim, with a panel for each data set: the
/// mean difference and its interval beside what the claim allows. The unit is the comparison's own
/// limit, or the margin of a tie where the limit is 0. Left out when no comparison has a value.
Charts claims_charts(const ClaimReport& report);

// Words of figures.

/// NAME, or NAME-EXPERIMENT when the sweep has several: another one for each.
std::string chart_name(const SweepData& data, const std::string& name,
                       const std::string& experiment);
/// The same with the series' label, which no other series then has.
std::string chart_name(const SweepData& data, const std::string& name, const Series& series);
/// " Without a completed run: LATe (diverged), TWN (not run)." or "", for captions of figures that
/// show results.
std::string missing_words(const std::vector<const Series*>& all);
/// " Bars: one standard deviation over the seeds." or that there are none.
std::string spread_words(bool several_runs);
/// Letters, digits, dots and dashes.
std::string file_word(std::string_view text);
/// With its first letter in upper case.
std::string capital(std::string word);

}  // namespace laq::analysis
