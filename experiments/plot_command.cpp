#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "analysis/chart.hpp"
#include "analysis/draw.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/recorded_sweep.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

void run(const RecordedSweep& options, const std::string& out, Context& context) {
  require_a_path(out, "figures");
  const sweep::Plan plan = options.plan(context.configs);
  const analysis::SweepData data = analysis::read_sweep(plan);
  const analysis::Charts charts = analysis::make_charts(data, context.configs);
  const fs::path folder = out.empty() ? plan.results / "figures" : fs::path(out);
  analysis::write_charts(charts, folder);
  for (const auto& chart : charts.drawn)
    fmt::print("{}.{{svg,pdf}}: {}\n", (folder / chart.name).string(), chart.title);
  for (const auto& one : charts.left_out) fmt::print("left out: {}: {}\n", one.title, one.reason);
}

}  // namespace

void add_plot_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RecordedSweep>();
  auto out = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "plot", "Draw a sweep's figures from its records (SVG and PDF, with their numbers as TSV)");
  options->add_to(*command);
  command->add_option("--out", *out,
                      "Folder of the figures (results/SWEEP/figures, or RUNS/sweep-SWEEP/figures)");
  command->callback([options, out, &context] { run(*options, *out, context); });
}

}  // namespace laq
