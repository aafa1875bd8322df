#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "analysis/chart.hpp"
#include "analysis/draw.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/shown_runs.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct PlotOptions {
  ShownRuns shown;
  std::string out;
  int width = analysis::kWideWidth;
  std::string layers = "best";
};

void run(const PlotOptions& options, Context& context) {
  const std::string& out = options.out;
  require_a_path(out, "figures");
  const auto layers = options.layers == "best"  ? analysis::LayerChoice::best
                      : options.layers == "all" ? analysis::LayerChoice::all
                                                : analysis::LayerChoice::none;
  store::Store store;
  const store::Wanted wanted = options.shown.request();
  const auto plans = out.empty() ? store::shown(context.configs, wanted, store)
                                 : std::vector{store::shown_one(context.configs, wanted, store)};
  for (const auto& plan : plans) {
    const analysis::SweepData data = analysis::read_sweep(plan, store);
    const analysis::Charts charts = analysis::make_charts(data, context.configs, layers);
    const fs::path folder = out.empty() ? plan.results / "figures" : fs::path(out);
    analysis::write_charts(charts, options.width, folder);
    for (const auto& chart : charts.drawn)
      fmt::print("{}.{{svg,pdf}}: {}\n", (folder / chart.name).string(), chart.title);
    for (const auto& one : charts.left_out) fmt::print("left out: {}: {}\n", one.title, one.reason);
  }
}

}  // namespace

void add_plot_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PlotOptions>();
  CLI::App* command = app.add_subcommand(
      "plot", "Draw a sweep's figures from its records (SVG and PDF, with their numbers as TSV)");
  options->shown.add_to(*command);
  command->add_option("--out", options->out,
                      "Folder of the figures (results/SWEEP/figures, or RUNS/sweep-SWEEP/figures)");
  command
      ->add_option("--width", options->width,
                   "Of a figure, in CSS pixels (1/96 inch): panels are laid out for it")
      ->check(CLI::Range(analysis::kLeastWidth, analysis::kMostWidth))
      ->capture_default_str();
  command
      ->add_option("--layers", options->layers,
                   "Figures of the layers: best (of each method the setting with the best "
                   "validation score), all or none")
      ->check(CLI::IsMember({"best", "all", "none"}))
      ->capture_default_str();
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace laq
