#pragma once

#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "record/history.hpp"
#include "record/provenance.hpp"

namespace laq::record::test {

/// A folder of its own for a test, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "laq-record-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error({.what = "no temporary folder"});
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::size_t entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::filesystem::path path_;
};

/// The message of the error that `action` throws, or "".
template <typename Action>
std::string message(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The bits of every number, so that NaN and the sign of zero count.
inline std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> result;
  for (const double value : values) result.push_back(std::bit_cast<std::uint64_t>(value));
  return result;
}

inline bool same(const Table& a, const Table& b) {
  if (a.index != b.index || a.columns.size() != b.columns.size()) return false;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    if (a.columns[i].first != b.columns[i].first) return false;
    if (bits(a.columns[i].second) != bits(b.columns[i].second)) return false;
  }
  return true;
}

inline bool same(const FinalValue& a, const FinalValue& b) {
  if (a.index() != b.index()) return false;
  const auto* real = std::get_if<double>(&a);
  return real ? bits({*real}) == bits({std::get<double>(b)}) : a == b;
}

inline bool same(const History& a, const History& b) {
  if (!same(a.epochs, b.epochs) || !same(a.steps, b.steps)) return false;
  if (a.layers.size() != b.layers.size()) return false;
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    const auto& [name, layer] = a.layers[i];
    if (name != b.layers[i].first || layer.size() != b.layers[i].second.size()) return false;
    for (std::size_t j = 0; j < layer.size(); ++j) {
      const auto& [column, other] = b.layers[i].second[j];
      if (layer[j].first != column || layer[j].second.width != other.width) return false;
      if (bits(layer[j].second.values) != bits(other.values)) return false;
    }
  }
  if (a.stretches != b.stretches || a.final_values.size() != b.final_values.size()) return false;
  for (const auto& [name, value] : a.final_values) {
    const auto found = b.final_values.find(name);
    if (found == b.final_values.end() || !same(value, found->second)) return false;
  }
  return true;
}

/// Three epochs and five steps of two layers, with every awkward number.
inline History sample_history() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  History history;
  for (std::int64_t step = 1; step <= 5; ++step) {
    history.steps.append(10 * step,
                         {{"loss", 1.0 / static_cast<double>(step)}, {"seconds", 0.065}});
  }
  const std::vector<double> losses{0.1, nan, -infinity};
  for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
    history.epochs.append(epoch, {{"train_loss", losses[static_cast<std::size_t>(epoch - 1)]},
                                  {"valid_error", 4.9e-324},
                                  {"learning_rate", -0.0},
                                  {"seconds", infinity}});
    history.append_layer("fc1.weight", "scales", std::vector{0.25, 1.0 / 3, nan});
    history.append_layer("fc1.weight", "zero_fraction", 0.5);
    history.append_layer("a layer with spaces: é", "flips", 1e300);
  }
  history.final_values = {{"best_epoch", std::int64_t{2}},
                          {"test_error", nan},
                          {"largest", std::numeric_limits<std::int64_t>::max()},
                          {"state", std::string("completed")},
                          {"nothing", std::string()}};
  for (const std::int64_t step : {1, 9, 10}) {  // not in the order of the letters
    Process process;
    process.git_commit = std::to_string(step);
    process.git_dirty = step > 1;
    process.threads = 4;
    history.continue_by(step, process);
  }
  return history;
}

inline Provenance sample_provenance() {
  Provenance provenance = system_provenance();
  provenance.config_yaml = "model:\n  hidden: [512, 512]  # é\n" + std::string(100000, '#') + "\n";
  provenance.config_hash = std::string(64, 'a');
  provenance.dataset_sha256 = std::string(64, 'b');
  provenance.experiment = "mnist";
  provenance.method = "late";
  provenance.seed = 3;
  provenance.profile = "quick";
  provenance.cpu_capability = "AVX2";
  provenance.threads = 2;
  provenance.libtorch_version = "1.13.0";
  return provenance;
}

}  // namespace laq::record::test
