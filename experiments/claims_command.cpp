#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"
#include "analysis/claims_power.hpp"
#include "analysis/draw.hpp"
#include "core/error.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "experiments/shared_options.hpp"
#include "store/shown.hpp"

namespace laq {
namespace {

struct ClaimsOptions {
  std::vector<std::string> words;  // sweeps, and key=value for all of them
  std::string profile, runs, out, figure, claims, select;
  bool power = false;
  std::string format = "text";
  DataPathOptions data;
};

using Sweeps = std::vector<std::shared_ptr<const analysis::SweepData>>;

Sweeps sweeps_of(const ClaimsOptions& options, const Context& context) {
  store::Wanted wanted;
  wanted.profile = options.profile;
  wanted.runs = options.runs;
  wanted.data = options.data.paths();
  std::vector<std::string> names;
  for (const auto& word : options.words)
    (word.find('=') == std::string::npos ? names : wanted.words).push_back(word);
  if (names.empty()) {
    throw usage_error({.what = "no sweep is given",
                       .where = "command line",
                       .expected = "names below configs/sweeps, such as table1"});
  }
  if (names.size() > 1 && !options.runs.empty()) {
    throw usage_error({.what = "--runs is the folder of one sweep",
                       .where = "command line",
                       .found = std::to_string(names.size()) + " sweeps"});
  }
  store::Store store;
  Sweeps all;
  for (const auto& name : names) {
    wanted.what = name;
    try {
      for (const auto& plan : store::shown(context.configs, wanted, store))
        all.push_back(
            std::make_shared<const analysis::SweepData>(analysis::read_sweep(plan, store)));
    } catch (const Error& error) {
      // The others may have something.
      if (error.kind() == Error::Kind::usage || names.size() == 1) throw;
      std::cerr << fmt::format("laq: note: {}\n", error.what());
    }
  }
  if (all.empty()) throw Error({.what = "there is no run to judge by"});
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
  const auto reports =
      analysis::judge_claims(context.configs, sweeps_of(options, context),
                             {.file = options.claims, .select_valid = !options.select.empty()});
  if (!options.figure.empty()) draw(reports, options.figure);
  write_text(options.out, options.power ? analysis::render_power(reports, options.format)
                                        : analysis::render(reports, options.format));
}

}  // namespace

void add_claims_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ClaimsOptions>();
  CLI::App* command =
      app.add_subcommand("claims", "Judge the papers' claims by the runs of sweeps");
  command
      ->add_option("SWEEP", options->words,
                   "Sweeps, their folders or the names they were given; key=value: only such runs")
      ->required();
  command->add_option("--format", options->format, "Of what is written")
      ->check(CLI::IsMember({"text", "md", "json"}))
      ->capture_default_str();
  command->add_option("--profile", options->profile, "Instead of the sweeps' own");
  command->add_option("--runs", options->runs,
                      "The runs folder, of one sweep (results/SWEEP/runs)");
  command->add_option("--out", options->out, "Write to this file (- is standard output)");
  command->add_option("--claims", options->claims,
                      "File of claims to judge (otherwise CONFIGS/claims.yaml)");
  command
      ->add_option("--select", options->select,
                   "valid: of the grid, for each method the setting with the best mean validation "
                   "score")
      ->check(CLI::IsMember({"valid"}));
  command->add_flag("--power", options->power,
                    "Instead: the seeds that each comparison needs, at the spread seen");
  command->add_option("--figure", options->figure,
                      "Draw all comparisons into this file too (.svg or .pdf)");
  options->data.add_to(*command);
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace laq
