#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "experiments/shared_options.hpp"
#include "store/shown.hpp"

namespace laq {

/// Which runs a command shows.
struct ShownRuns {
  store::Wanted wanted;
  std::vector<std::string> where;
  std::string runs;
  DataPathOptions data;

  void add_to(CLI::App& command) {
    command
        .add_option("SWEEP", wanted.what,
                    "A sweep below configs/sweeps, the name it was given, or a folder of runs")
        ->required();
    command.add_option("WORDS", wanted.words,
                       "Only runs with these values: method=twn,late train.epochs=5");
    command.add_option("--where", where, "The same; can be repeated")->allow_extra_args(false);
    command.add_option("--profile", wanted.profile, "Only runs of this profile");
    command.add_option("--name", wanted.name, "The name the sweep was given");
    command.add_option("--runs", runs, "The runs folder (results/SWEEP/runs)");
    data.add_to(command);
  }
  /// As it was asked for.
  store::Wanted request() const {
    store::Wanted all = wanted;
    all.words.insert(all.words.end(), where.begin(), where.end());
    all.runs = runs;
    all.data = data.paths();
    return all;
  }
};

}  // namespace laq
