#include "integration/run_results.hpp"

#include <cstring>
#include <set>
#include <stdexcept>
#include <variant>

#include "record/best_weights.hpp"
#include "record/checkpoint.hpp"
#include "record/run_record.hpp"

namespace laq::integration {
namespace fs = std::filesystem;
namespace {

// What a clock decides.
const std::set<std::string> kMeasured{"seconds", "step_ms", "peak_rss_mb", "epoch:seconds"};

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

std::string difference(const record::Table& a, const record::Table& b) {
  if (a.index != b.index) return "the rows";
  if (a.columns.size() != b.columns.size()) return "the number of columns";
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const auto& [name, values] = a.columns[i];
    if (name != b.columns[i].first) return "the columns' names";
    if (!kMeasured.contains(name) && !same_bits(values, b.columns[i].second)) return name;
  }
  return "";
}

std::string difference(const record::History& a, const record::History& b) {
  if (const auto at = difference(a.epochs, b.epochs); !at.empty()) return "/epochs: " + at;
  if (const auto at = difference(a.steps, b.steps); !at.empty()) return "/steps: " + at;
  if (a.layers.size() != b.layers.size()) return "/layers";
  for (const auto& [layer, columns] : a.layers) {
    for (const auto& [column, content] : columns) {
      const record::LayerColumn* other = b.find(layer, column);
      if (!other || !same_bits(content.values, other->values))
        return "/layers/" + layer + "/" + column;
    }
  }
  if (a.stretches != b.stretches) return "/processes";
  if (a.final_values.size() != b.final_values.size()) return "/final";
  for (const auto& [name, value] : a.final_values) {
    const auto other = b.final_values.find(name);
    if (other == b.final_values.end()) return "/final: " + name;
    if (!kMeasured.contains(name) && value != other->second) return "/final: " + name;
  }
  return "";
}

template <typename T>
bool same_blob(const record::CheckpointReader& a, const record::CheckpointReader& b,
               const std::string& name) {
  return same_bits(a.read<T>(name), b.read<T>(name));
}

std::string difference(const fs::path& checkpoint_a, const fs::path& checkpoint_b) {
  const record::CheckpointReader a(checkpoint_a), b(checkpoint_b);
  if (a.blobs() != b.blobs()) return "the checkpoints' arrays";
  if (a.state().counters != b.state().counters) return "the checkpoints' counters";
  if (a.state().texts != b.state().texts) return "the checkpoints' texts";
  const record::Hdf5Reader file(checkpoint_a);
  for (const auto& name : a.blobs()) {
    if (kMeasured.contains(name)) continue;
    const std::string type = file.dataset("/blobs/" + name).type;
    const bool same = type == "float32"   ? same_blob<float>(a, b, name)
                      : type == "float64" ? same_blob<double>(a, b, name)
                      : type == "int64"   ? same_blob<std::int64_t>(a, b, name)
                                          : same_blob<std::uint8_t>(a, b, name);
    if (!same) return "checkpoint: " + name;
  }
  return "";
}

}  // namespace

std::string first_difference(const fs::path& a, const fs::path& b) {
  const auto best_a = record::read_best_weights(a / "best.h5"),
             best_b = record::read_best_weights(b / "best.h5");
  if (best_a.epoch != best_b.epoch) return "best.h5: epoch";
  if (best_a.quantized != best_b.quantized) return "best.h5: quantized weights";
  if (best_a.plain != best_b.plain) return "best.h5: other parameters";
  const auto at = difference(record::read_run_record(a / "run.h5").history,
                             record::read_run_record(b / "run.h5").history);
  return at.empty() ? difference(a / "checkpoint.h5", b / "checkpoint.h5") : at;
}

record::Status status_of(const fs::path& run) {
  const auto status = record::read_status(run / "status.json");
  if (!status) throw std::runtime_error("no status in " + run.string());
  return *status;
}

std::int64_t steps_in_epoch(const fs::path& run) {
  return record::CheckpointReader(run / "checkpoint.h5").state().counters.at("step_in_epoch");
}

}  // namespace laq::integration
