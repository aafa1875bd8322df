#include "experiments/table_command.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "analysis/check.hpp"
#include "analysis/render.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "experiments/shared_options.hpp"
#include "sweep/plan.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

struct TableOptions {
  sweep::PlanRequest request;
  std::string format = "md";
  std::string runs, out;
  DataPathOptions data;
  bool check = false;
};

analysis::Format format_of(const std::string& name) {
  for (const auto& [known, format] : analysis::formats()) {
    if (known == name) return format;
  }
  throw usage_error({.what = "unknown format", .found = "'" + name + "'"});
}

void print(const std::string& text) {
  std::cout << text << std::flush;
  if (!std::cout) throw Error({.what = "cannot write to standard output: " + errno_text()});
}

void run(const TableOptions& options, Context& context) {
  sweep::PlanRequest request = options.request;
  request.runs = options.runs;
  request.data = options.data.paths();
  const analysis::Table table =
      analysis::make_table(sweep::make_plan(context.configs, request), context.configs);
  if (options.check) {
    const analysis::CheckResult result = analysis::check(table);
    print(result.text());
    if (!result.good()) context.exit_code = 1;
  }
  const analysis::Format format = format_of(options.format);
  if (!options.out.empty()) {
    replace_file(options.out, analysis::render(table, format));
  } else if (!options.check) {
    print(analysis::render(table, format));
  }
}

}  // namespace

void add_table_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<TableOptions>();
  std::vector<std::string> names;
  for (const auto& format : analysis::formats()) names.push_back(format.first);
  CLI::App* command = app.add_subcommand("table", "Lay a sweep's results beside the paper's");
  command->add_option("SWEEP", options->request.sweep, "Name below configs/sweeps, or a YAML file")
      ->required();
  command->add_option("WORDS", options->request.words,
                      "The words the sweep was run with: key=value, axis=a,b");
  command->add_option("--format", options->format, "Of the table")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command->add_flag("--check", options->check,
                    "Print what is reproduced, off or missing; exit 1 unless all is reproduced");
  command->add_option("--profile", options->request.profile, "Instead of the sweep's own");
  command->add_option("--name", options->request.name, "The name the sweep was given");
  command->add_option("--runs", options->runs, "The runs folder (results/SWEEP/runs)");
  command->add_option("--out", options->out, "Write the table to this file");
  options->data.add_to(*command);
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
