#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "analysis/check.hpp"
#include "analysis/report.hpp"
#include "core/files.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/shown_runs.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

void run(const ShownRuns& options, const std::string& out, Context& context) {
  store::Store store;
  const store::Wanted wanted = options.request();
  const auto plans = out.empty() ? store::shown(context.configs, wanted, store)
                                 : std::vector{store::shown_one(context.configs, wanted, store)};
  for (const auto& plan : plans) {
    const auto data =
        std::make_shared<const analysis::SweepData>(analysis::read_sweep(plan, store));
    analysis::Table table = analysis::make_table(data, context.configs);
    if (const auto check = analysis::check(table, analysis::reference_of(context.configs, table)))
      table.verdict = check->verdict();
    const std::string page = analysis::html_report(table, context.configs);
    const fs::path file = out.empty() ? plan.results / "report.html" : fs::path(out);
    if (file.has_parent_path()) make_folder(file.parent_path());
    write_text(file.string(), page);
    if (!means_standard_output(file.string())) fmt::print("report: {}\n", file.string());
  }
}

}  // namespace

void add_report_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ShownRuns>();
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
