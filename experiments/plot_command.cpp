#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "analysis/chart.hpp"
#include "analysis/draw.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/recorded_sweep.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct PlotOptions {
  RecordedSweep sweep;
  std::string out;
  int width = analysis::kWideWidth;
  analysis::LayerChoice layers = analysis::LayerChoice::best;
};

void run(const PlotOptions& options, Context& context) {
  const std::string& out = options.out;
  require_a_path(out, "figures");
  const sweep::Plan plan = options.sweep.plan(context.configs);
  const analysis::SweepData data = analysis::read_sweep(plan);
  const analysis::Charts charts = analysis::make_charts(data, context.configs, options.layers);
  const fs::path folder = out.empty() ? plan.results / "figures" : fs::path(out);
  analysis::write_charts(charts, options.width, folder);
  for (const auto& chart : charts.drawn)
    fmt::print("{}.{{svg,pdf}}: {}\n", (folder / chart.name).string(), chart.title);
  for (const auto& one : charts.left_out) fmt::print("left out: {}: {}\n", one.title, one.reason);
}

}  // namespace

void add_plot_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PlotOptions>();
  CLI::App* command = app.add_subcommand(
      "plot", "Draw a sweep's figures from its records (SVG and PDF, with their numbers as TSV)");
  options->sweep.add_to(*command);
  command->add_option("--out", options->out,
                      "Folder of the figures (results/SWEEP/figures, or RUNS/sweep-SWEEP/figures)");
  command
      ->add_option("--width", options->width,
                   "Of a figure, in CSS pixels (1/96 inch): panels are laid out for it")
      ->check(CLI::Range(analysis::kLeastWidth, analysis::kMostWidth))
      ->capture_default_str();
  const std::map<std::string, analysis::LayerChoice> choices = {
      {"best", analysis::LayerChoice::best},
      {"all", analysis::LayerChoice::all},
      {"none", analysis::LayerChoice::none}};
  command
      ->add_option("--layers", options->layers,
                   "Figures of the layers: best (of each method the setting with the best "
                   "validation score), all or none")
      ->transform(CLI::CheckedTransformer(choices))
      ->default_str("best");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace laq
