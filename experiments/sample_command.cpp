#include <filesystem>
#include <iostream>
#include <memory>

#include "core/error.hpp"
#include "core/machine.hpp"
#include "deploy/evaluate.hpp"
#include "experiments/commands.hpp"
#include "experiments/shared_options.hpp"
#include "train/character_model.hpp"
#include "train/torch_info.hpp"

namespace laq {
namespace {

struct Options {
  std::string run, prompt = "The ";
  train::SampleOptions sample{.length = 500};
};

void go(const Options& options) {
  std::error_code none;
  if (std::filesystem::is_regular_file(options.run, none)) {
    const deploy::PackedModel model(options.run, 1);
    const std::string text = deploy::sample(model, options.prompt, options.sample);
    std::cout << options.prompt << text << "\n";
    return;
  }
  train::set_threads(1);  // one character at a time is too little for more
  train::CharacterModel model(options.run);
  const std::string text = model.sample(options.prompt, options.sample);
  std::cerr << "laq: written with the weights after the last epoch, not the best one's\n";
  std::cout << options.prompt << text << "\n";
}

}  // namespace

void add_sample_command(CLI::App& app, Context&) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "sample",
      "Write text with a trained character model: of a run its weights after the last epoch");
  command->add_option("RUN", options->run, "A run's folder, or a file of laq export")->required();
  command->add_option("--length", options->sample.length, "Characters to write after the prompt")
      ->check(whole_number<std::int64_t>(0))
      ->capture_default_str();
  command->add_option("--prompt", options->prompt, "Text to begin with")->capture_default_str();
  command
      ->add_option("--temperature", options->sample.temperature,
                   "Below 1 likelier characters, 0 the likeliest only")
      ->check(number(0, 100))
      ->capture_default_str();
  command->add_option("--seed", options->sample.seed, "Seed of the draws")
      ->check(whole_number<std::int64_t>(0))
      ->capture_default_str();
  command->callback([options] { go(*options); });
}

}  // namespace laq
