#include "experiments/table_command.hpp"

#include <memory>
#include <string>
#include <vector>

#include "analysis/check.hpp"
#include "analysis/render.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "experiments/output.hpp"
#include "experiments/recorded_sweep.hpp"
#include "sweep/plan.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct TableOptions {
  RecordedSweep sweep;
  std::string format = "md";
  std::string out;
  bool check = false;
  std::string select;
};

analysis::Format format_of(const std::string& name) {
  for (const auto& [known, format] : analysis::formats()) {
    if (known == name) return format;
  }
  throw usage_error({.what = "unknown format", .found = "'" + name + "'"});
}

void run(const TableOptions& options, Context& context) {
  const analysis::Table table = analysis::make_table(
      options.sweep.plan(context.configs), context.configs,
      options.select.empty() ? analysis::Settings::all : analysis::Settings::best_on_validation);
  if (options.check) {
    const analysis::CheckResult result = analysis::check(table);
    write_text("", result.text());
    if (!result.good()) context.exit_code = 1;
  }
  const analysis::Format format = format_of(options.format);
  if (!options.check || !options.out.empty())
    write_text(options.out, analysis::render(table, format));
}

}  // namespace

void add_table_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<TableOptions>();
  std::vector<std::string> names;
  for (const auto& format : analysis::formats()) names.push_back(format.first);
  CLI::App* command = app.add_subcommand("table", "Lay a sweep's results beside the paper's");
  options->sweep.add_to(*command);
  command->add_option("--format", options->format, "Of the table")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command->add_flag("--check", options->check,
                    "Print what is consistent with the print, off, not judged (one run) or "
                    "missing; exit 1 unless all is consistent");
  command
      ->add_option("--select", options->select,
                   "valid: of each method the setting with the best validation score, never the "
                   "test score")
      ->check(CLI::IsMember({"valid"}));
  command->add_option("--out", options->out, "Write the table to this file (- is standard output)");
  command->callback([options, &context] { run(*options, context); });
}

void write_tables(const sweep::Plan& plan, const fs::path& configs, const fs::path& folder) {
  const analysis::Table table = analysis::make_table(plan, configs);
  make_folder(folder);
  for (const auto& [name, format] : analysis::formats()) {
    const std::string extension = format == analysis::Format::latex ? "tex" : name;
    replace_file(folder / ("table." + extension), analysis::render(table, format));
  }
}

}  // namespace laq
