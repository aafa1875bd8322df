#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "experiments/context.hpp"

namespace laq::sweep {
struct Plan;
}

namespace laq {

/// Adds `table SWEEP [--format md|latex|csv|json] [--check] [--profile P] [--name N] [--runs DIR]
/// [--out FILE] [key=value …]`. With `--check` the comparison with the paper is printed, the table
/// only goes to `--out`, and the exit code is 1 unless every cell is consistent with the print.
/// `context` is read and written when the command runs.
void add_table_command(CLI::App& app, Context& context);

/// Writes table.md, table.tex, table.csv and table.json into `folder`, which is made. The states of
/// the plan's runs are read anew.
void write_tables(const sweep::Plan& plan, const std::filesystem::path& configs,
                  const std::filesystem::path& folder);

}  // namespace laq
