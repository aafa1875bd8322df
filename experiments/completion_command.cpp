#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "train/experiment.hpp"

namespace laq {
namespace {

// Where words come from: folders of the configurations, by the positional's or option's name.
const char* folder_for(const std::string& name) {
  if (name == "EXPERIMENT") return "experiments";
  if (name == "SWEEP") return "sweeps";
  if (name == "--method") return "methods";
  if (name == "--profile") return "profiles";
  return name == "NAME" ? "datasets" : "";
}

// "laq data fetch) …;;" for a command and those below it.
void add_cases(const CLI::App& app, const std::string& path, const std::filesystem::path& configs,
               std::string& cases) {
  std::vector<std::string> words, commands, values;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty()) continue;
    commands.push_back(command->get_name());
    add_cases(*command, path + " " + command->get_name(), configs, cases);
  }
  for (const CLI::Option* option : app.get_options({})) {
    const std::string name = option->get_single_name();
    const bool positional = option->get_positional();
    std::string known;
    if (const char* folder = folder_for(positional ? name : "--" + name); *folder != '\0')
      known = join(config::names_in(configs, folder), " ");
    if (positional) {
      if (!known.empty()) words.push_back(known);
    } else if (!option->get_group().empty()) {
      for (const auto& one : option->get_lnames()) words.push_back("--" + one);
      if (!known.empty()) values.push_back(fmt::format("--{}) words='{}';;", name, known));
    }
  }
  words.insert(words.end(), commands.begin(), commands.end());
  cases += fmt::format("    '{}') words='{}'; commands='{}'\n", path, join(words, " "),
                       join(commands, " "));
  if (!values.empty())
    cases += fmt::format("      case \"$before\" in {} esac\n", join(values, " "));
  cases += "      ;;\n";
}

}  // namespace

void add_completion_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "completion", "Print what completes laq's commands in bash: source <(laq completion)");
  command->callback([&app, &context] {
    std::string cases;
    add_cases(app, "laq", context.configs, cases);
    // The path of commands so far decides; what it does not offer is a file's name.
    std::cout
        << "_laq() {\n"
           "  local words commands path=laq word before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  _laq_words() {\n"
           "    words= commands=\n"
           "    case \"$path\" in\n"
        << cases
        << "    esac\n"
           "  }\n"
           "  _laq_words\n"
           "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "    case \" $commands \" in *\" $word \"*) path=\"$path $word\"; _laq_words;; esac\n"
           "  done\n"
           "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
           "}\n"
           "complete -o default -F _laq laq build/laq\n";
  });
}

}  // namespace laq
