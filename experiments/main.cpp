#include <fcntl.h>
#include <fmt/format.h>
#include <omp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string_view>

#include "core/error.hpp"
#include "core/exit_codes.hpp"
#include "core/leave.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "experiments/model_commands.hpp"
#include "record/provenance.hpp"

namespace {

// The configurations: LAQ_CONFIGS, those of the present folder, or those of the sources this was
// built from.
std::filesystem::path default_configs() {
  if (const auto chosen = laq::environment("LAQ_CONFIGS")) return *chosen;
  std::error_code ignored;
  if (std::filesystem::is_directory("configs/experiments", ignored)) return "configs";
  return std::filesystem::path(LAQ_SOURCE_DIR) / "configs";
}

int fail(const std::string& message, int code) {
  std::cout.flush();
  std::cerr << "laq: " << message << std::endl;
  return code;
}

// What was printed must have arrived: a full disk behind standard output is a failure too.
int finish(int code) {
  std::cout.flush();
  const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout;
  return lost ? fail("cannot write to standard output", laq::kFailedExit) : code;
}

// CLI11 only says that a subcommand is required; a mistyped one deserves the near name.
void require_known_command(CLI::App& app, int argc, char** argv) {
  CLI::App* at = &app;
  for (int i = 1; i < argc && at->get_require_subcommand_min() > 0; ++i) {
    const std::string word = argv[i];
    if (word == "--configs") ++i;  // its value is not a command
    if (word.starts_with("-")) {
      if (word == "--help" || word == "-h" || word == "--version") return;
      continue;
    }
    std::vector<std::string> known;
    CLI::App* chosen = nullptr;
    for (CLI::App* command : at->get_subcommands({})) {
      if (!command->get_group().empty()) known.push_back(command->get_name());
      if (command->get_name() == word) chosen = command;
    }
    if (!chosen) {
      throw laq::usage_error({.what = "unknown command '" + word + "'",
                              .where = "command line",
                              .advice = laq::suggestion(word, known)});
    }
    at = chosen;
  }
  if (at->get_require_subcommand_min() == 0) return;
  std::vector<std::string> known;
  for (const CLI::App* command : at->get_subcommands({})) {
    if (!command->get_group().empty()) known.push_back(command->get_name());
  }
  throw laq::usage_error({.what = "a command is missing after '" + at->get_name() + "'",
                          .where = "command line",
                          .expected = "one of " + laq::join(known),
                          .advice = "see laq --help"});
}

// An empty value is mostly a variable of the shell's that was not set; as a path it would be the
// present folder.
void refuse_empty_values(CLI::App& app) {
  const CLI::Validator given(
      [](const std::string& value) { return value.empty() ? "found '', expected a value" : ""; },
      "");
  for (CLI::Option* option : app.get_options()) option->check(given);
  for (CLI::App* command : app.get_subcommands({})) refuse_empty_values(*command);
}

// "laq data fetch": as far as the command line named it.
std::string chosen_command(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return app.get_name() + (chosen.empty() ? "" : " " + chosen_command(*chosen.front()));
}

int run_program(int argc, char** argv) {
  laq::Context context{default_configs(), 0};
  CLI::App app{"Loss-aware weight quantization: train, sweep and tabulate (Hou & Kwok, ICLR 2018)",
               "laq"};
  app.set_version_flag("--version", "laq " + std::string(laq::record::version()) + " (" +
                                        std::string(laq::record::git_commit()) + ")");
  app.add_option("--configs", context.configs,
                 "Folder of YAML files (LAQ_CONFIGS, otherwise configs)");
  app.require_subcommand(1);
  app.fallthrough();
  laq::add_run_command(app, context);
  laq::add_sweep_command(app, context);
  laq::add_sweep_task_command(app, context);
  laq::add_status_command(app, context);
  laq::add_runs_commands(app, context);
  laq::add_table_command(app, context);
  laq::add_claims_command(app, context);
  laq::add_plot_command(app, context);
  laq::add_report_command(app, context);
  laq::add_quantize_command(app, context);
  laq::add_data_command(app, context);
  laq::add_export_command(app, context);
  laq::add_evaluate_command(app, context);
  laq::add_sample_command(app, context);
  laq::add_keys_command(app, context);
  laq::add_doctor_command(app, context);
  laq::add_completion_command(app, context);
  refuse_empty_values(app);
  require_known_command(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return finish(app.exit(error));  // --help, --version
    return fail(fmt::format("{}; see {} --help", error.what(), chosen_command(app)),
                laq::kUsageExit);
  }
  return finish(context.exit_code);
}

int run_and_report(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const laq::Error& error) {
    return fail(error.what(),
                error.kind() == laq::Error::Kind::usage ? laq::kUsageExit : laq::kFailedExit);
  } catch (const std::exception& error) {
    return fail(laq::reason_of(error), laq::kFailedExit);
  }
}

// Otherwise the first files to be opened would get the numbers of closed standard streams, and what
// is printed.
void open_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != stream)
      std::_Exit(laq::kFailedExit);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  // A write beyond the limit on file sizes fails, like any other, instead of ending the process.
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, as some start programs, no child's end would be told
  laq::prepare_allocator();
  // Only training is worth starting twice.
  if (std::any_of(argv, argv + argc,
                  [](const char* word) { return std::string_view(word) == "run"; })) {
    laq::restart_with_waiting_policy(argv);
  }
  ::prctl(PR_SET_NAME, "laq");               // it may have been started through /proc/self/exe
  omp_set_num_threads(laq::threads_for(1));  // OpenMP knows the affinity, but no quota
  return laq::leave(run_and_report(argc, argv));
}
