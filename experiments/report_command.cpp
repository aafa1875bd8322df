#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "analysis/report.hpp"
#include "core/files.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/recorded_sweep.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

void run(const RecordedSweep& options, const std::string& out, Context& context) {
  const sweep::Plan plan = options.plan(context.configs);
  const std::string page = analysis::html_report(plan, context.configs);
  const fs::path file = out.empty() ? plan.results / "report.html" : fs::path(out);
  if (file.has_parent_path()) make_folder(file.parent_path());
  write_text(file.string(), page);
  if (!means_standard_output(file.string())) fmt::print("report: {}\n", file.string());
}

}  // namespace

void add_report_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RecordedSweep>();
  auto out = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "report", "Write one page with a sweep's tables, claims, figures and provenance");
  options->add_to(*command);
  command->add_option("--out", *out,
                      "The page (results/SWEEP/report.html, or RUNS/sweep-SWEEP/report.html; - is "
                      "standard output)");
  command->callback([options, out, &context] { run(*options, *out, context); });
}

}  // namespace laq
