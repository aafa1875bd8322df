#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "experiments/context.hpp"
#include "store/store.hpp"

namespace laq {

/// Adds `table SWEEP|DIR [--rows A,B] [--columns C] [--metric M,…] [--where k=v] [--check] …`.
/// With `--check` the comparison with the paper or a reference is printed, the table only goes to
/// `--out`, and the exit code is 1 unless every cell agrees. `context` is read and written when the
/// command runs.
void add_table_command(CLI::App& app, Context& context);

/// Writes table.md, table.tex, table.csv and table.json into the plan's results, which are made.
/// Returns the first. `select_valid`: of each method the setting with the best validation score.
std::string write_tables(const sweep::Plan& plan, store::Store& store,
                         const std::filesystem::path& configs, bool select_valid);

}  // namespace laq
