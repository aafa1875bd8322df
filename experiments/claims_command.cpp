#include <memory>
#include <string>
#include <vector>

#include "analysis/chart_claims.hpp"
#include "analysis/claims_power.hpp"
#include "analysis/draw.hpp"
#include "core/error.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/shared_options.hpp"
#include "sweep/plan.hpp"

namespace laq {
namespace {

struct ClaimsOptions {
  std::vector<std::string> words;  // sweeps, and key=value for all of them
  std::string profile, runs, out, figure;
  bool power = false;
  std::string format = "text";
  DataPathOptions data;
};

std::vector<sweep::Plan> plans(const ClaimsOptions& options, const Context& context) {
  sweep::PlanRequest request;
  request.profile = options.profile;
  request.runs = options.runs;
  request.data = options.data.paths();
  std::vector<std::string> sweeps;
  for (const auto& word : options.words)
    (word.find('=') == std::string::npos ? sweeps : request.words).push_back(word);
  if (sweeps.empty()) {
    throw usage_error({.what = "no sweep is given",
                       .where = "command line",
                       .expected = "names below configs/sweeps, such as table1"});
  }
  if (sweeps.size() > 1 && !options.runs.empty()) {
    throw usage_error({.what = "--runs is the folder of one sweep",
                       .where = "command line",
                       .found = std::to_string(sweeps.size()) + " sweeps"});
  }
  std::vector<sweep::Plan> all;
  for (const auto& sweep : sweeps) {
    request.sweep = sweep;
    all.push_back(sweep::make_plan(context.configs, request));
  }
  return all;
}

void draw(const std::vector<analysis::ClaimReport>& reports, const std::string& file) {
  if (reports.size() != 1) {
    throw usage_error({.what = "--figure shows the runs of one protocol",
                       .where = "command line",
                       .found = std::to_string(reports.size()) + " protocols"});
  }
  const analysis::Charts charts = analysis::claims_charts(reports.front());
  if (charts.drawn.empty())
    throw Error({.what = "nothing to draw: " + charts.left_out.front().reason, .where = file});
  analysis::write_chart(charts.drawn.front(), file);
}

void run(const ClaimsOptions& options, const Context& context) {
  const auto reports = analysis::judge_claims(context.configs, plans(options, context));
  if (!options.figure.empty()) draw(reports, options.figure);
  for (const auto& [name, format] : analysis::claim_formats()) {
    if (name != options.format) continue;
    write_text(options.out, options.power ? analysis::render_power(reports, format)
                                          : analysis::render(reports, format));
  }
}

}  // namespace

void add_claims_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ClaimsOptions>();
  std::vector<std::string> names;
  for (const auto& format : analysis::claim_formats()) names.push_back(format.first);
  CLI::App* command =
      app.add_subcommand("claims", "Judge the papers' claims by the runs of sweeps");
  command
      ->add_option(
          "SWEEP", options->words,
          "Names below configs/sweeps or YAML files, and the words that they were run with")
      ->required();
  command->add_option("--format", options->format, "Of what is written")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command->add_option("--profile", options->profile, "Instead of the sweeps' own");
  command->add_option("--runs", options->runs,
                      "The runs folder, of one sweep (results/SWEEP/runs)");
  command->add_option("--out", options->out, "Write to this file (- is standard output)");
  command->add_flag("--power", options->power,
                    "Instead: the seeds that each comparison needs, at the spread seen");
  command->add_option("--figure", options->figure,
                      "Draw all comparisons into this file too (.svg or .pdf)");
  options->data.add_to(*command);
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace laq
