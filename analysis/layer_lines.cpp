#include "analysis/layer_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "analysis/chart.hpp"

namespace laq::analysis {
namespace {

double row_mean(const record::LayerColumn* column, std::size_t epoch, std::size_t first,
                std::size_t step) {
  if (!column || (epoch + 1) * column->width > column->values.size())
    return std::numeric_limits<double>::quiet_NaN();
  double sum = 0, count = 0;
  for (std::size_t i = first; i < column->width; i += step, ++count)
    sum += column->values[epoch * column->width + i];
  return sum / count;
}

}  // namespace

std::vector<std::string> layers_of(const record::History& history) {
  std::vector<std::string> names;
  for (const auto& layer : history.layers) names.push_back(layer.first);
  return names;
}

std::size_t shortest(const std::vector<const record::History*>& histories) {
  std::size_t rows = histories.front()->epochs.rows();
  for (const auto* history : histories) rows = std::min(rows, history->epochs.rows());
  return rows;
}

double layer_mean(const std::vector<const record::History*>& histories, const std::string& layer,
                  const std::string& column, std::size_t epoch, std::size_t first,
                  std::size_t step) {
  double sum = 0;
  for (const auto* history : histories)
    sum += row_mean(history->find(layer, column), epoch, first, step);
  return sum / static_cast<double>(histories.size());
}

std::string legend_commands() {
  return "set key at screen 0.995, 0.9 right top Right vertical maxrows 40 samplen 3 spacing 1.1 "
         "font SMALL\n";
}

std::string layer_lines(const std::string& file, const std::vector<std::string>& layers,
                        const std::string& condition, std::size_t column, std::size_t epochs,
                        bool legend) {
  std::string text = "plot ";
  for (std::size_t l = 0; l < layers.size(); ++l) {
    text += fmt::format(
        "{} skip 1 using ($1=={}{} ? $3 : NaN):{} with linespoints lt {} lw 1.1 pi {} {}{}",
        script_text(file), l + 1, condition.empty() ? "" : " && " + condition, column, l + 1,
        marker_distance(epochs),
        legend ? "title " + script_text(layer_word(layers[l])) : std::string("notitle"),
        l + 1 < layers.size() ? ", \\\n  " : "\n");
  }
  return text;
}

}  // namespace laq::analysis
