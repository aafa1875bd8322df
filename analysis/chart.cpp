#include "analysis/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "core/files.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}

constexpr int kWidth = 880;
constexpr int kSmallWidth = 560;
constexpr std::size_t kIdDigits = 8;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The `file_word` of a text that is one of `all`. Where that loses more than spaces and brackets,
// or others become the same, a few digits of the hash of `id`, which is no other's, tell them
// apart.
std::string unique_word(const std::string& text, const std::string& id,
                        const std::vector<std::string>& all) {
  const std::string word = file_word(text);
  const bool loses = std::any_of(text.begin(), text.end(), [](char c) {
    return !is_plain(c) && std::string_view(" ()[],-").find(c) == std::string_view::npos;
  });
  const auto same = std::count_if(all.begin(), all.end(), [&](const std::string& other) {
    return lower(file_word(other)) == lower(word);
  });
  if (!loses && same <= 1) return word;
  return (word.empty() ? "" : word + "-") + sha256(id).substr(0, kIdDigits);
}

// With its experiment when the sweep has several.
std::string full_label(const SweepData& data, const Series& series) {
  return data.experiments.size() > 1 ? series.experiment + " " + series.label : series.label;
}

}  // namespace

void Charts::add(Charts more) {
  for (auto& chart : more.drawn) drawn.push_back(std::move(chart));
  for (auto& one : more.left_out) left_out.push_back(std::move(one));
}

Charts make_charts(const SweepData& data, const std::filesystem::path& configs) {
  Charts all;
  all.add(learning_charts(data));
  all.add(bits_charts(data, configs));
  all.add(size_charts(data));
  all.add(time_charts(data));
  all.add(solver_charts(data));
  all.add(weights_charts(data));
  all.add(scales_charts(data));
  return all;
}

Chart series_chart(const SweepData& data, const Series& series, const std::string& name,
                   const std::string& kind, const std::string& title) {
  std::vector<std::string> labels;
  for (const auto& one : data.series) labels.push_back(full_label(data, one));
  const std::string id = sweep::point_name(series.experiment, series.method, series.job.point);
  Chart chart;
  chart.name = name + "-" + unique_word(full_label(data, series), id, labels);
  chart.kind = kind;
  chart.title =
      fmt::format("{}, {}{}", title, series.label, experiment_suffix(data, series.experiment));
  chart.series = {series.first_job};
  return chart;
}

std::size_t marker_distance(std::size_t epochs) {
  constexpr std::size_t kMarkers = 10;
  return epochs / kMarkers + 1;
}

std::string script_text(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "''" : std::string(1, c);
  return result + "'";
}

std::string table_field(const std::string& text) {
  return quoted_field(text, '\t');
}

std::string chart_name(const SweepData& data, const std::string& name,
                       const std::string& experiment) {
  if (data.experiments.size() < 2) return name;
  return name + "-" + unique_word(experiment, experiment, data.experiments);
}

std::string experiment_suffix(const SweepData& data, const std::string& experiment) {
  return ", " + data.title_of(experiment);
}

std::string missing_words(const SweepData& data, const std::string& experiment) {
  std::vector<std::string> missing;
  for (const auto* series : data.of(experiment)) {
    if (series->completed() == 0) missing.push_back(series->honest_label());
  }
  return missing.empty() ? "" : " Without a completed run: " + join(missing) + ".";
}

std::string file_word(std::string_view text) {
  std::string word;
  for (const char c : text) {
    if (is_plain(c)) word += c;
    if (!is_plain(c) && !word.empty() && word.back() != '-') word += '-';
  }
  while (!word.empty() && word.back() == '-') word.pop_back();
  return word;
}

std::string layer_word(const std::string& layer) {
  const std::string end = ".weight";
  return layer.ends_with(end) ? layer.substr(0, layer.size() - end.size()) : layer;
}

Panels panels(std::size_t count, std::size_t most, int panel_height) {
  Panels grid{count, std::min(count, most), kWidth, 0};
  if (count == 1) grid.width = kSmallWidth;
  grid.height = static_cast<int>(grid.rows()) * panel_height + 60;
  return grid;
}

std::string Panels::begin(int right, int top, int between) const {
  const auto across = [&](int pixels) { return static_cast<double>(pixels) / width; };
  const auto down = [&](int pixels) { return static_cast<double>(pixels) / height; };
  return fmt::format(
      "set multiplot layout {},{} margins screen {:.4f},{:.4f},{:.4f},{:.4f} spacing screen "
      "{:.4f},{:.4f}\n",
      rows(), columns, across(62), 1 - across(right), down(46), 1 - down(top), across(between),
      down(54));
}

std::vector<double> spread(const std::vector<double>& at, double gap, double low, double high) {
  std::vector<std::size_t> order(at.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return at[a] < at[b]; });
  // Labels that touch form a block around the mean of their places; blocks that touch merge.
  struct Block {
    std::size_t first, count;
    double centre;
  };
  std::vector<Block> blocks;
  const auto bounded = [&](double centre, std::size_t count) {
    const double half = gap * static_cast<double>(count - 1) / 2;
    return std::max(std::min(centre, high - half), low + half);
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    blocks.push_back({i, 1, bounded(at[order[i]], 1)});
    while (blocks.size() > 1) {
      Block& before = blocks[blocks.size() - 2];
      const Block& last = blocks.back();
      const double half = gap * static_cast<double>(before.count + last.count) / 2;
      if (last.centre - before.centre >= half) break;
      before.count += last.count;
      double sum = 0;
      for (std::size_t j = 0; j < before.count; ++j) sum += at[order[before.first + j]];
      before.centre = bounded(sum / static_cast<double>(before.count), before.count);
      blocks.pop_back();
    }
  }
  std::vector<double> placed(at.size());
  for (const auto& block : blocks) {
    for (std::size_t j = 0; j < block.count; ++j) {
      const double offset = static_cast<double>(j) - static_cast<double>(block.count - 1) / 2;
      placed[order[block.first + j]] = block.centre + gap * offset;
    }
  }
  return placed;
}

}  // namespace laq::analysis
