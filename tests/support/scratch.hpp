#pragma once

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "support/catch.hpp"

namespace laq::test {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

/// A folder of its own for a test, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "laq-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp: " + errno_text());
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Writes a file, with the folders on the way.
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    make_folder((path_ / name).parent_path());
    replace_file(path_ / name, content);
    return path_ / name;
  }
  /// Names of what is directly in the folder, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  std::filesystem::path path_;
};

/// The `Error` that `action` throws; one that says "no error" when it throws none.
template <typename Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error({.what = "no error"});
}

/// Its message.
template <typename Action>
std::string message_of(Action action) {
  return error_of(action).what();
}

/// Its message; a kind other than usage shows in it.
template <typename Action>
std::string usage_message(Action action) {
  const Error error = error_of(action);
  return (error.kind() == Error::Kind::usage ? "" : "not a usage error: ") +
         std::string(error.what());
}

/// The project's own configurations.
inline std::filesystem::path project_configs() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "configs";
}

}  // namespace laq::test
