// `laq run` on the CPU in the way of a GPU: data on the device, steps handed over several at a
// time, files written while the training goes on, at epochs' ends SAVE_SECONDS (of the environment)
// apart.
//
// run EXPERIMENT --method NAME --seed N --runs FOLDER --threads N [KEY=VALUE ...]

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "train/session.hpp"

int main(int count, char** arguments) {
  using namespace laq;
  const std::vector<std::string> words(arguments + 1, arguments + count);
  try {
    train::RunRequest request{words.at(1), words.at(3), "paper", std::stoll(words.at(5)), {}};
    for (std::size_t i = 10; i < words.size(); ++i)
      request.overrides.push_back(config::parse_override(words[i]));
    const train::Run run = train::resolve("configs", request);
    train::SessionOptions options;
    options.runs = words.at(7);
    options.threads = std::stoi(words.at(9));
    options.resident = true;
    options.save_seconds = std::stod(std::getenv("SAVE_SECONDS"));
    const train::SessionResult result = train::run_session(run, options);
    std::cerr << result.reason;
    return result.state == record::State::completed ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
