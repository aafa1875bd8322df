#pragma once

#include <string>
#include <vector>

#include "experiments/data_command.hpp"
#include "experiments/table_command.hpp"

// One function per command, each in its own file.

namespace laq {

/// `run EXPERIMENT [--method M] [--seed N] [--profile P] …`: one run.
void add_run_command(CLI::App& app, Context& context);
/// `sweep SWEEP [--jobs N] [--dry-run] …`: all runs of a sweep that are not completed.
void add_sweep_command(CLI::App& app, Context& context);
/// `sweep-task ARRAY`: one run of a sweep that was given to Slurm.
void add_sweep_task_command(CLI::App& app, Context& context);
/// `status [DIR] [--long] [--json]`: how far the sweeps below a folder are.
void add_status_command(CLI::App& app, Context& context);
/// `runs [DIR]`, `show RUN`, `diff RUN RUN`, `rm --failed|--where k=v`: single runs.
void add_runs_commands(CLI::App& app, Context& context);
/// `completion`: what completes the commands in bash.
void add_completion_command(CLI::App& app, Context& context);
/// `claims SWEEP … [--format text|md|json] [--out FILE]`: the papers' claims, judged by runs.
void add_claims_command(CLI::App& app, Context& context);
/// `plot SWEEP [--out FOLDER] [--runs DIR]`: figures from the runs' records.
void add_plot_command(CLI::App& app, Context& context);
/// `report SWEEP [--out FILE] [--runs DIR]`: one page with everything the records say.
void add_report_command(CLI::App& app, Context& context);
/// `quantize --method M --weights F.h5:/path …`: a quantizer alone, on given weights.
void add_quantize_command(CLI::App& app, Context& context);
/// `sample RUN --length N --prompt TEXT`: text from a trained character model.
void add_sample_command(CLI::App& app, Context& context);
/// `keys [EXPERIMENT] [--method M] [--format text|md|json]`: what can be configured.
void add_keys_command(CLI::App& app, Context& context);
/// `doctor`: what this program found on this machine, and what to mend.
void add_doctor_command(CLI::App& app, Context& context);

/// This program and the options before a command, with absolute paths.
std::vector<std::string> own_program(const Context& context);

}  // namespace laq
