#include <ATen/ATen.h>

#include <algorithm>

#include "train/metric.hpp"
#include "train/training.hpp"

// What best.h5 holds of a training.

namespace laq::train {
namespace {

record::Shape shape_of(const at::Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end()};
}

template <typename T>
std::vector<T> values_of(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  const T* values = host.data_ptr<T>();
  return {values, values + host.numel()};
}

record::FloatValues floats(const std::string& name, const at::Tensor& tensor) {
  return {name, shape_of(tensor), values_of<float>(tensor)};
}

}  // namespace

std::optional<std::size_t> Training::best_row() const {
  const auto* scores = history_.epochs.find(facts(metric_of(run_)).valid);
  if (!scores) return std::nullopt;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < scores->size(); ++i) {
    if (relaxation_at(i) == 0 && (!best || (*scores)[i] <= (*scores)[*best])) best = i;
  }
  return best;
}

double Training::relaxation_at(std::size_t row) const {
  double largest = 0;
  for (const auto& [name, layer] : history_.layers) {
    if (const auto* column = history_.find(name, "relaxation"))
      largest = std::max(largest, column->values.at(row));
  }
  return largest;
}

bool Training::last_epoch_is_best() const {
  const auto best = best_row();
  return best && *best + 1 == history_.epochs.rows();
}

record::BestWeights Training::weights() const {
  return weights_later(false)();
}

std::function<record::BestWeights()> Training::weights_later() const {
  return weights_later(true);
}

// Only copies on the host are made here. To make arrays of them takes longer.
std::function<record::BestWeights()> Training::weights_later(bool copy) const {
  const auto host = [copy](const at::Tensor& tensor) {
    return tensor.detach().to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, copy);
  };
  record::BestWeights best;
  best.run = run_.identity();
  best.epoch = position_.epoch;
  best.scores = history_.epochs.last_scores();
  best.texts = task_.texts();
  best.texts["config_yaml"] = run_.yaml();
  best.texts["dataset"] = run_.dataset.name;
  best.texts["dataset_sha256"] = data::dataset_sha256(run_.dataset);
  best.texts["preprocessing"] = data::word_of(run_.dataset.preprocessing);
  for (const auto& [name, tensor] : task_.input_statistics())
    best.input.push_back(floats(name, tensor));

  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : optimizer_->state()) state[name] = tensor;
  std::vector<std::pair<std::string, at::Tensor>> plain;
  std::vector<at::Tensor> level_indices;  // of best.quantized
  for (const auto& item : model_->named_parameters()) {
    const std::string& name = item.key();
    const auto index = state.find(name + ":level_index");
    if (index == state.end()) {
      plain.emplace_back(name, host(item.value()));
      continue;
    }
    const at::Tensor levels = state.at(name + ":levels");
    record::QuantizedWeights weights{.name = name,
                                     .shape = shape_of(item.value()),
                                     .codes = {},
                                     .level_codes = {},
                                     .groups = static_cast<std::size_t>(levels.size(0)),
                                     .levels = values_of<float>(levels.to(at::kFloat)),
                                     .scales = values_of<double>(state.at(name + ":scales"))};
    for (const int code : quant::codes_of(*run_.quantizer.method))
      weights.level_codes.push_back(code);
    level_indices.push_back(host(index->second));
    best.quantized.push_back(std::move(weights));
  }
  for (const auto& item : model_->named_buffers()) {
    if (item.value().scalar_type() == at::kFloat)
      plain.emplace_back(item.key(), host(item.value()));
  }
  return
      [best = std::move(best), level_indices = std::move(level_indices), plain = std::move(plain)] {
        record::BestWeights all = best;
        for (std::size_t i = 0; i < level_indices.size(); ++i) {
          record::QuantizedWeights& weights = all.quantized[i];
          for (const std::uint8_t level : values_of<std::uint8_t>(level_indices[i]))
            weights.codes.push_back(static_cast<std::int16_t>(weights.level_codes[level]));
        }
        for (const auto& [name, tensor] : plain) all.plain.push_back(floats(name, tensor));
        return all;
      };
}

}  // namespace laq::train
