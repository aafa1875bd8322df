#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "experiments/shared_options.hpp"
#include "sweep/plan.hpp"

namespace laq {

/// Which sweep a command reads, and where its runs are.
struct RecordedSweep {
  std::string sweep, profile, name, runs;
  std::vector<std::string> words;
  DataPathOptions data;

  void add_to(CLI::App& command) {
    command.add_option("SWEEP", sweep, "Name below configs/sweeps, or a YAML file")->required();
    command.add_option("WORDS", words, "The words the sweep was run with: key=value, axis=a,b");
    command.add_option("--profile", profile, "Instead of the sweep's own");
    command.add_option("--name", name, "The name the sweep was given");
    command.add_option("--runs", runs, "The runs folder (results/SWEEP/runs)");
    data.add_to(command);
  }
  sweep::Plan plan(const std::filesystem::path& configs) const {
    return sweep::make_plan(configs, {.sweep = sweep,
                                      .profile = profile,
                                      .name = name,
                                      .words = words,
                                      .runs = runs,
                                      .data = data.paths()});
  }
};

}  // namespace laq
