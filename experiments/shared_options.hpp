#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/text.hpp"
#include "data/locate.hpp"

namespace laq {

/// A check of an option of type T: CLI11's own prints the largest number there is, and lets NaN
/// pass.
template <typename T>
CLI::Validator whole_number(T least) {
  return {
      [least](std::string& text) -> std::string {
        T value = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good = failed == std::errc{} && end == text.data() + text.size();
        if (good && value >= least) return "";
        std::string error = fmt::format("found '{}', expected a whole number from {}", text, least);
        if (failed == std::errc::result_out_of_range)
          error += fmt::format(" to {}", std::numeric_limits<T>::max());
        return error;
      },
      ""};
}

inline CLI::Validator number(double least, double most) {
  return {[least, most](std::string& text) -> std::string {
            const auto value = number_from<double>(text);
            if (value && *value >= least && *value <= most) return "";
            return fmt::format("found '{}', expected a number from {} to {}", text, least, most);
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
