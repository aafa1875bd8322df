#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/chart_scatter.hpp"
#include "analysis/protocol.hpp"
#include "core/error.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr double kBitsInByte = 8, kMebi = 1 << 20;

/// The configuration without one key: runs that share it differ in that key alone.
std::string without(nlohmann::json canonical, const char* section, const char* key) {
  if (key) {
    canonical[section].erase(key);
  } else {
    canonical.erase(section);
  }
  return canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A full-precision run of the same words that lies in the runs folder although the sweep, whose
// grid may have no meaning for it, does not list it.
std::optional<Summary> unlisted_full(const SweepData& data, const std::string& experiment,
                                     const fs::path& configs) {
  const sweep::Plan& plan = *data.plan;
  std::vector<double> values;
  std::set<std::int64_t> seeds;
  for (const auto& planned : plan.jobs) {
    train::RunRequest request = planned.run.request;
    if (request.experiment != experiment || !seeds.insert(request.seed).second) continue;
    request.method = "full";
    request.overrides = words_of(planned);
    try {
      sweep::Job job{train::resolve(configs, request), {}, record::State::queued, {}, {}};
      job.folder = plan.runs / job.run.folder();
      sweep::refresh(job);
      if (!job.done()) continue;
      const auto value =
          sweep::read_record(job).history.final_number(metric_name(metric_of(job.run)));
      if (value) values.push_back(*value);
    } catch (const Error&) {
      continue;  // words without meaning for full precision, or a record that is of no use
    }
  }
  if (values.empty()) return std::nullopt;
  return summarize(values);
}

std::vector<Level> float_lines(const SweepData& data, const std::string& experiment,
                               const std::vector<Dot>& all, const fs::path& configs,
                               std::vector<std::size_t>& series) {
  std::vector<Level> levels;
  for (const auto& dot : all) {
    if (dot.series->job.run.quantizer.method) continue;
    levels.push_back(
        {fmt::format("{} {:.4g}", dot.series->honest_label(), dot.value.mean), dot.value.mean});
    series.push_back(dot.series->first_job);
  }
  if (!levels.empty()) return levels;
  if (const auto full = unlisted_full(data, experiment, configs))
    levels.push_back({fmt::format("full-precision {:.4g}", full->mean), full->mean});
  return levels;
}

/// "Test error against bits per weight, MNIST".
Chart chart_against(const SweepData& data, const std::string& experiment, const std::string& name,
                    const std::string& kind, const std::string& what) {
  Chart chart;
  chart.name = chart_name(data, name, experiment);
  chart.kind = kind;
  chart.title = fmt::format("Test {} against {}{}", train::facts(data.metric(experiment)).word,
                            what, experiment_suffix(data, experiment));
  return chart;
}

std::string spread_words(const std::vector<Dot>& dots) {
  const bool several =
      std::any_of(dots.begin(), dots.end(), [](const Dot& dot) { return dot.value.n > 1; });
  return several ? " Bars: one standard deviation over the seeds."
                 : " One run for each point, so no spread is known.";
}

}  // namespace

Charts bits_charts(const SweepData& data, const fs::path& configs) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    const auto found = dots_of(data, experiment);
    std::vector<Dot> dots;
    std::set<int> bits;
    for (Dot dot : found) {
      const auto here = bits_of(dot.series->job.run);
      if (!here || !dot.series->job.run.quantizer.method) continue;
      dot.x = *here;
      dot.lane = without(dot.series->job.run.canonical, "quantizer", "bits");
      bits.insert(*here);
      dots.push_back(dot);
    }
    Chart chart = chart_against(data, experiment, "bits", "Error against bits", "bits per weight");
    if (bits.size() < 2) {
      all.left_out.push_back(
          {chart.title, "needs completed runs with at least two numbers of bits"});
      continue;
    }
    const auto levels = float_lines(data, experiment, found, configs, chart.series);
    ScatterAxis axis{"Bits per weight (1: binary, 2: ternary)", "bits", false, {}};
    for (const int one : bits) axis.tics.emplace_back(one, std::to_string(one));
    chart.caption = chart.title + "." + spread_words(dots) +
                    (levels.empty() ? " No full-precision run is completed, so no line of it."
                                    : " Dashed line across: full precision.") +
                    missing_words(data, experiment);
    draw_scatter(axis, dots, levels, chart);
    all.drawn.push_back(std::move(chart));
  }
  return all;
}

Charts size_charts(const SweepData& data) {
  Charts all;
  for (const auto& experiment : data.experiments) {
    std::vector<Dot> dots;
    std::set<double> sizes;
    for (Dot dot : dots_of(data, experiment)) {
      const train::Run& run = dot.series->job.run;
      const auto bits = bits_of(run);
      if (!bits) continue;
      dot.x = run.model_size().weights * *bits / kBitsInByte / kMebi;
      dot.lane = without(run.canonical, "model", nullptr);
      sizes.insert(dot.x);
      dots.push_back(dot);
    }
    Chart chart = chart_against(data, experiment, "size", "Error against model size", "model size");
    if (sizes.size() < 2) {
      all.left_out.push_back({chart.title, "needs completed runs of at least two sizes"});
      continue;
    }
    ScatterAxis axis{"Size of the weights that methods quantize (MiB)", "mebibytes", true, {}};
    for (const double size : sizes) axis.tics.emplace_back(size, fmt::format("{:.3g}", size));
    chart.caption =
        chart.title +
        ". Bits of the method (32: full precision) times the weights that are quantized; scales, "
        "biases, batch norm and a character model's output layer are not counted." +
        spread_words(dots) + missing_words(data, experiment);
    draw_scatter(axis, dots, {}, chart);
    all.drawn.push_back(std::move(chart));
  }
  return all;
}

}  // namespace laq::analysis
