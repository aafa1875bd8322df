#include "analysis/chart.hpp"

#include <algorithm>
#include <cctype>

#include "core/files.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kIdDigits = 8, kNamed = 6;

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}

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

Charts make_charts(const SweepData& data, const std::filesystem::path& configs,
                   LayerChoice layers) {
  Charts all;
  all.add(overview_charts(data));
  all.add(line_charts(data, configs));
  all.add(epoch_charts(data));
  all.add(time_charts(data));
  all.add(layer_charts(data, layers));
  return all;
}

std::string chart_name(const SweepData& data, const std::string& name,
                       const std::string& experiment) {
  if (data.experiments.size() < 2) return name;
  return name + "-" + unique_word(experiment, experiment, data.experiments);
}

std::string chart_name(const SweepData& data, const std::string& name, const Series& series) {
  std::vector<std::string> labels;
  for (const auto& one : data.series) labels.push_back(full_label(data, one));
  const std::string id = sweep::point_name(series.experiment, series.method, series.job.point);
  return name + "-" + unique_word(full_label(data, series), id, labels);
}

std::string missing_words(const std::vector<const Series*>& all) {
  std::vector<std::string> missing;
  for (const auto* series : all) {
    if (series->completed() == 0) missing.push_back(series->honest_label());
  }
  return missing.empty() ? "" : " Without a completed run: " + join_few(missing, kNamed) + ".";
}

std::string spread_words(bool several_runs) {
  return several_runs ? " Bars: one standard deviation over the seeds."
                      : " One run for each point, so no spread is known.";
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

std::string capital(std::string word) {
  word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
  return word;
}

}  // namespace laq::analysis
