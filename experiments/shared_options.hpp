#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "data/locate.hpp"

namespace laq {

/// A check of an option: CLI11's own prints the largest number there is.
inline CLI::Validator whole_number(int least) {
  return {[least](std::string& text) -> std::string {
            long value = 0;
            const auto [end, failed] =
                std::from_chars(text.data(), text.data() + text.size(), value);
            const bool good = failed == std::errc{} && end == text.data() + text.size();
            if (good && value >= least) return "";
            return "found '" + text + "', expected a whole number from " + std::to_string(least);
          },
          ""};
}

/// `--data-dir` and `--mirror`, on top of the environment.
struct DataPathOptions {
  std::string data_dir, mirror;

  void add_to(CLI::App& command) {
    command.add_option("--data-dir", data_dir, "Where data is kept (LAQ_DATA_DIR, otherwise data)");
    command.add_option("--mirror", mirror,
                       "Folder or URL with DATASET/FILE below it (LAQ_DATA_MIRROR)");
  }
  data::DataPaths paths() const {
    data::DataPaths paths = data::paths_from_environment();
    if (!data_dir.empty()) paths.data_dir = data_dir;
    if (!mirror.empty()) paths.mirror = mirror;
    return paths;
  }
};

}  // namespace laq
