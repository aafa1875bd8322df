#include "experiments/table_command.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "analysis/check.hpp"
#include "analysis/table.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "experiments/output.hpp"
#include "experiments/shown_runs.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct TableOptions {
  ShownRuns shown;
  analysis::Layout layout;
  std::string format = "md", out, select, against;
  bool check = false, no_paper = false;
};

void run(TableOptions& options, Context& context) {
  options.layout.select_valid = !options.select.empty();
  options.layout.paper = !options.no_paper;
  store::Store store;
  std::vector<analysis::Table> tables;
  std::string verdicts;
  for (const auto& plan : store::shown(context.configs, options.shown.request(), store)) {
    const auto data =
        std::make_shared<const analysis::SweepData>(analysis::read_sweep(plan, store));
    tables.push_back(analysis::make_table(data, context.configs, options.layout));
    analysis::Table& table = tables.back();
    const auto check = options.against.empty()
                           ? analysis::check(table, analysis::reference_of(context.configs, table))
                           : analysis::check_against(table, options.against);
    if (check) table.verdict = check->verdict();
    if (!options.check) continue;
    if (!check) analysis::refuse_check(table);
    verdicts += check->text();
    if (!check->good()) context.exit_code = 1;
  }
  if (options.check) write_text("", verdicts);
  if (!options.check || !options.out.empty())
    write_text(options.out, analysis::render(tables, options.format));
}

}  // namespace

void add_table_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<TableOptions>();
  CLI::App* command = app.add_subcommand("table", "Lay a sweep's results beside the paper's");
  options->shown.add_to(*command);
  analysis::Layout& layout = options->layout;
  const auto list = [&](const char* name, std::vector<std::string>& values, const char* text) {
    command->add_option(name, values, text)->delimiter(',')->allow_extra_args(false);
  };
  list("--rows", layout.rows, "Keys whose values make rows: method, seed, quantizer.bits …");
  list("--columns", layout.columns, "Keys whose values make columns");
  list("--mean-over", layout.mean_over, "Keys that a cell is the mean over (seed)");
  list("--metric", layout.metrics,
       "What cells show: test_error, valid_error, test_loss, valid_loss, step_ms, rounds, "
       "best_epoch, seconds, bits, size, compression, file");
  list("--sort", layout.sort, "Rows by a key or a metric; -key: downwards");
  command->add_option("--caption", layout.caption, "Instead of the sweep's title");
  command->add_flag("--no-paper", options->no_paper, "Without the printed figures");
  command
      ->add_option("--select", options->select,
                   "valid: of each row the setting with the best validation score, never the test "
                   "score")
      ->check(CLI::IsMember({"valid"}));
  command->add_option("--format", options->format, "Of the table")
      ->check(CLI::IsMember({"md", "latex", "csv", "json"}))
      ->capture_default_str();
  command->add_flag("--check", options->check,
                    "Print cell by cell what agrees with the print, or with the reference; exit 1 "
                    "unless all does");
  command->add_option("--against", options->against,
                      "The reference: a table as --format json wrote it "
                      "(CONFIGS/reference/SWEEP.json)");
  command->add_option("--out", options->out, "Write the table to this file (- is standard output)");
  command->callback([options, &context] { run(*options, context); });
}

std::string write_tables(const sweep::Plan& plan, store::Store& store, const fs::path& configs,
                         bool select_valid) {
  const auto data = std::make_shared<const analysis::SweepData>(analysis::read_sweep(plan, store));
  analysis::Layout layout;
  layout.select_valid = select_valid;
  analysis::Table table = analysis::make_table(data, configs, layout);
  if (const auto check = analysis::check(table, analysis::reference_of(configs, table)))
    table.verdict = check->verdict();
  make_folder(plan.results);
  for (const std::string format : {"md", "latex", "csv", "json"}) {
    const std::string extension = format == "latex" ? "tex" : format;
    replace_file(plan.results / ("table." + extension), analysis::render({table}, format));
  }
  return analysis::render({table}, "md");
}

}  // namespace laq
