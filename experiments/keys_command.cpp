#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/commands.hpp"
#include "train/experiment.hpp"
#include "train/keys.hpp"

namespace laq {
namespace {

struct KeysOptions {
  train::RunRequest request;
  std::vector<std::string> words;
  std::string format = "text";
  bool of_a_run = false;  ///< a method or a profile was named
};

std::string value_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// A cell of a table in Markdown.
std::string cell(const std::string& text) {
  std::string all;
  for (const char c : text) {
    if (c == '|' || c == '[' || c == ']') all += '\\';
    all += c;
  }
  return all;
}

constexpr const char* kHead =
    "# Keys of the configuration\n\nMade by `laq keys --format md`; the tests see to it that it is "
    "current. `laq keys EXPERIMENT --method M` tells the present values and where each was set.\n"
    "Every key can be set on the command line: `laq run mnist train.epochs=5`. An element of a "
    "list "
    "has its number, from 0: `model.layers.7.dense=50`. Keys that are marked * are no part "
    "of a run's hash.\n\n";

std::string markdown(const std::vector<train::Key>& keys, bool values) {
  std::string text = values ? "| key | value | set in | type | default | meaning |\n"
                              "| --- | --- | --- | --- | --- | --- |\n"
                            : "| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const train::Key& key : keys) {
    const config::KeyFacts& facts = key.facts;
    text += fmt::format("| `{}`{} | ", facts.path, facts.outcome ? "" : " *");
    if (values) text += fmt::format("{} | {} | ", cell(value_text(facts.value)), cell(facts.place));
    text += fmt::format("{} | {} | {} |\n", cell(facts.expected), cell(key.fallback), key.meaning);
  }
  return text;
}

std::string plain(const std::vector<train::Key>& keys, bool values) {
  std::string text;
  for (const train::Key& key : keys) {
    const config::KeyFacts& facts = key.facts;
    text += facts.path;
    if (values) {
      text += fmt::format(" = {}", value_text(facts.value));
      if (!facts.place.empty()) text += "  (" + facts.place + ")";
    }
    text += fmt::format("\n    {}\n    {}; {}{}\n", key.meaning, facts.expected,
                        key.fallback == "required" ? "" : "default ", key.fallback);
  }
  return text;
}

nlohmann::json as_json(const std::vector<train::Key>& keys, bool values) {
  nlohmann::json all = nlohmann::json::array();
  for (const train::Key& key : keys) {
    nlohmann::json one{{"key", key.facts.path},
                       {"type", key.facts.expected},
                       {"default", key.fallback},
                       {"meaning", key.meaning},
                       {"in_hash", key.facts.outcome}};
    if (values) {
      one["value"] = key.facts.value;
      one["set_in"] = key.facts.place;
    }
    all.push_back(std::move(one));
  }
  return all;
}

void go(KeysOptions& options, const Context& context) {
  const bool values = !options.request.experiment.empty();
  if (!values && options.of_a_run) {
    throw usage_error({.what = "--method and --profile are of an experiment's keys",
                       .where = "command line",
                       .expected = "laq keys EXPERIMENT --method M"});
  }
  for (const auto& word : options.words)
    options.request.overrides.push_back(config::parse_override(word));
  const auto keys = values ? train::keys_of(train::resolve(context.configs, options.request).keys)
                           : train::all_keys(context.configs);
  if (options.format == "json")
    std::cout << as_json(keys, values).dump(2) << "\n";
  else if (options.format == "md")
    std::cout << (values ? "" : kHead) << markdown(keys, values);
  else
    std::cout << plain(keys, values);
}

}  // namespace

void add_keys_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<KeysOptions>();
  CLI::App* command = app.add_subcommand(
      "keys", "Every key of the configuration: type, default, meaning, and an experiment's values");
  command->add_option("EXPERIMENT", options->request.experiment,
                      "Name below configs/experiments, or a YAML file; without one, all keys");
  command->add_option("OVERRIDES", options->words, "key=value, as of laq run");
  command->add_option("--method", options->request.method, "As of laq run")->capture_default_str();
  command->add_option("--profile", options->request.profile, "As of laq run")
      ->capture_default_str();
  command->add_option("--format", options->format, "text, md or json")
      ->check(CLI::IsMember({"text", "md", "json"}))
      ->capture_default_str();
  command->callback([options, command, &context] {
    options->of_a_run = command->count("--method") + command->count("--profile") > 0;
    go(*options, context);
  });
}

}  // namespace laq
