#include "analysis/layer_weights.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/error.hpp"
#include "optim/layer_report.hpp"

namespace laq::analysis {
namespace {

std::vector<double> last_row(const record::LayerColumn* column) {
  if (!column || column->values.size() < column->width) return {};
  return {column->values.end() - static_cast<std::ptrdiff_t>(column->width), column->values.end()};
}

void set_latent(const std::vector<float>& latent, LayerWeights& weights) {
  weights.largest = optim::largest_magnitude(latent);
  weights.latent = optim::histogram(latent, weights.largest);
  for (double& bin : weights.latent) bin /= static_cast<double>(latent.size());
}

// ŵ by the level that the optimizer noted for each weight; groups with other scales are averaged.
void set_levels(const std::vector<float>& quantized, const std::vector<std::uint8_t>& index,
                LayerWeights& weights) {
  const std::size_t levels = std::size_t{1} + *std::max_element(index.begin(), index.end());
  std::vector<double> sums(levels), counts(levels);
  for (std::size_t i = 0; i < quantized.size(); ++i) {
    sums[index[i]] += static_cast<double>(quantized[i]);
    ++counts[index[i]];
  }
  for (std::size_t j = 0; j < levels; ++j) {
    weights.values.push_back(counts[j] > 0 ? sums[j] / counts[j]
                                           : std::numeric_limits<double>::quiet_NaN());
    weights.shares.push_back(counts[j] / static_cast<double>(quantized.size()));
  }
}

}  // namespace

std::size_t shortest(const std::vector<const record::History*>& histories) {
  std::size_t rows = histories.front()->epochs.rows();
  for (const auto* history : histories) rows = std::min(rows, history->epochs.rows());
  return rows;
}

double layer_value(const record::History& history, const std::string& layer,
                   const std::string& column, std::size_t epoch, std::size_t first,
                   std::size_t step) {
  const auto* found = history.find(layer, column);
  if (!found || (epoch + 1) * found->width > found->values.size())
    return std::numeric_limits<double>::quiet_NaN();
  double sum = 0, count = 0;
  for (std::size_t i = first; i < found->width; i += step, ++count)
    sum += found->values[epoch * found->width + i];
  return sum / count;
}

std::string layer_word(const std::string& layer) {
  const std::string end = ".weight";
  return layer.ends_with(end) ? layer.substr(0, layer.size() - end.size()) : layer;
}

std::vector<LayerWeights> recorded_weights(const record::History& history) {
  std::vector<LayerWeights> all;
  for (const auto& layer : history.layers) {
    const std::string& name = layer.first;
    LayerWeights weights{name, 0, last_row(history.find(name, "latent_histogram")),
                         last_row(history.find(name, "level_values")),
                         last_row(history.find(name, "level_histogram"))};
    const auto largest = last_row(history.find(name, "latent_largest"));
    const bool whole = !largest.empty() && !weights.latent.empty() && !weights.values.empty() &&
                       weights.values.size() == weights.shares.size();
    if (!whole) continue;
    weights.largest = largest.front();
    all.push_back(std::move(weights));
  }
  return all;
}

std::vector<LayerWeights> checkpoint_weights(const std::filesystem::path& file,
                                             const record::RunIdentity& run) {
  std::vector<LayerWeights> all;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return all;
  try {
    const record::CheckpointReader checkpoint(file);
    record::require_run(file, record::identity_of(checkpoint.state()), run);
    const std::string prefix = "optimizer:", suffix = ":latent";
    for (const auto& blob : checkpoint.blobs()) {
      if (!blob.starts_with(prefix) || !blob.ends_with(suffix)) continue;
      LayerWeights weights;
      weights.layer = blob.substr(prefix.size(), blob.size() - prefix.size() - suffix.size());
      set_latent(checkpoint.read<float>(blob), weights);
      set_levels(checkpoint.read<float>("model:" + weights.layer),
                 checkpoint.read<std::uint8_t>(prefix + weights.layer + ":level_index"), weights);
      all.push_back(std::move(weights));
    }
  } catch (const Error&) {
    return {};
  }
  return all;
}

}  // namespace laq::analysis
