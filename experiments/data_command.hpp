#pragma once

#include <CLI/CLI.hpp>

#include "experiments/context.hpp"

namespace laq {

/// Adds `data list|fetch|verify [NAME …] [--data-dir DIR] [--mirror DIR|URL] [--offline]` and `data
/// add PATH --name NAME [--title T] [--test PERCENT] [--validation PERCENT] [--data-dir DIR]`.
/// `context` is read and written when the command runs.
void add_data_command(CLI::App& app, Context& context);

}  // namespace laq
