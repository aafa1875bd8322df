#include "support/network_pair.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "config/reader.hpp"
#include "deploy/export.hpp"
#include "optim/proximal_adam.hpp"
#include "train/experiment.hpp"

namespace laq::test {
namespace {

deploy::FloatTensor copy(const at::Tensor& tensor) {
  const at::Tensor own = tensor.detach().contiguous();
  deploy::FloatTensor out;
  for (const std::int64_t size : own.sizes()) out.shape.push_back(static_cast<std::size_t>(size));
  out.values.assign(own.data_ptr<float>(), own.data_ptr<float>() + own.numel());
  return out;
}

// Codes of ŵ: its groups are blocks of the first dimension.
deploy::QuantizedTensor encode(const deploy::FloatTensor& tensor, std::size_t groups) {
  deploy::QuantizedTensor out{.shape = tensor.shape, .groups = groups};
  const std::size_t size = tensor.values.size() / groups;
  for (std::size_t g = 0; g < groups; ++g) {
    std::vector<float> levels(tensor.values.begin() + static_cast<std::ptrdiff_t>(g * size),
                              tensor.values.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    for (std::size_t i = g * size; i < (g + 1) * size; ++i) {
      const auto at = std::lower_bound(levels.begin(), levels.end(), tensor.values[i]);
      out.codes.push_back(static_cast<std::uint8_t>(at - levels.begin()));
    }
    out.levels.insert(out.levels.end(), levels.begin(), levels.end());
  }
  return out;
}

}  // namespace

NetworkPair make_network_pair(const std::filesystem::path& configs, const Wanted& wanted,
                              const std::filesystem::path& folder) {
  deploy::Trained trained;
  trained.config.at("model") = config::parse_yaml(wanted.model, "model");
  config::Tree method = train::load_named(configs, "methods", wanted.method);
  config::Reader quantizer(method.find("quantizer"), "quantizer");
  config::Reader section(trained.config.find("model"), "model");
  const at::NoGradGuard no_gradient;
  NetworkPair pair;
  pair.model = nn::make_model(section, wanted.shape, 1);
  // Batch norm as after a training: other statistics than 0 and 1.
  at::manual_seed(1);
  for (const auto& item : pair.model->named_buffers()) {
    if (item.key().ends_with("running_mean")) item.value().normal_(0, 0.3);
    if (item.key().ends_with("running_var")) item.value().uniform_(0.5, 2);
  }
  // The optimizer writes ŵ into the model.
  const quant::Quantization quantization = quant::make_quantizer(quantizer);
  optim::ProximalAdam(pair.model->layers(), quantization, {});
  pair.model->eval();
  std::map<std::string, std::size_t> groups;
  for (const auto& parameter : pair.model->layers()) {
    if (parameter.quantizable && quantization.method)
      groups[parameter.name] = static_cast<std::size_t>(parameter.blocks);
  }
  for (const auto& item : pair.model->named_parameters()) {
    deploy::FloatTensor tensor = copy(item.value());
    const auto quantized = groups.find(item.key());
    if (quantized != groups.end()) {
      trained.quantized.emplace(item.key(), encode(tensor, quantized->second));
    } else {
      trained.floats.emplace(item.key(), std::move(tensor));
    }
  }
  for (const auto& item : pair.model->named_buffers()) {
    if (item.value().scalar_type() == at::kFloat)
      trained.floats.emplace(item.key(), copy(item.value()));
  }
  data::DatasetSpec dataset;
  dataset.name = "drawn";
  dataset.shape = wanted.shape.input;
  dataset.classes = wanted.shape.outputs;
  for (std::int64_t i = 0; wanted.shape.input.empty() && i < wanted.shape.outputs; ++i)
    trained.vocabulary += static_cast<char>(' ' + i);
  pair.file = folder / (wanted.method + ".safetensors");
  const auto exported = deploy::export_packed(trained, deploy::network_of(trained, dataset),
                                              dataset, {"none", {}, {}}, pair.file);
  pair.bytes = exported.file;
  return pair;
}

}  // namespace laq::test
