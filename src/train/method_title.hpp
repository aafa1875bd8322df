#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "config/tree.hpp"

namespace laq::train {

/// What a method's file says of its name, from which the title of each of its runs is made.
class MethodTitle {
 public:
  /// `method`: the file's content, `name`: that of the file, which is the title where it has none.
  MethodTitle(const config::Tree& method, const std::string& name);

  /// By the file alone: its `title`, in which {key} stands for the value of quantizer.key, as in
  /// "LAQ {levels} ({bits} bits)".
  std::string own() const;
  /// Of a run: the values are the run's, and what else of its quantizer is not as in the file is
  /// said: "LAQ log (4 bits), solver exact". `canonical`: the run's quantizer, with defaults;
  /// `written`: as it was given, or null.
  std::string of(const nlohmann::json& canonical, const config::Tree* written) const;

 private:
  std::string text_;
  config::Tree quantizer_;
};

/// The title of a method by its file alone. Errors (usage): as `load_named`.
std::string method_title(const std::filesystem::path& configs, const std::string& method);

/// Whether a key of the configuration is one of those that titles of runs tell.
bool is_told_by_title(const std::string& key);

}  // namespace laq::train
