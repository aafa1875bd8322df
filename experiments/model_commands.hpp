#pragma once

#include <CLI/CLI.hpp>

#include "experiments/context.hpp"

// Commands on networks in files of their own.

namespace laq {

/// `export RUN --out FILE`: a run's network with packed weights.
void add_export_command(CLI::App& app, Context& context);
/// `evaluate FILE [DATASET]`: test error and loss of such a file.
void add_evaluate_command(CLI::App& app, Context& context);

}  // namespace laq
