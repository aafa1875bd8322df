#include "nn/model.hpp"

#include <cmath>

#include "core/random.hpp"
#include "nn/mlp.hpp"

namespace laq::nn {
namespace {

enum class Init { loss_aware, glorot };

// Half-width of the uniform distribution, PAPER.md section 3.
double half_width(Init init, const Parameter& weight) {
  const auto fans = static_cast<double>(weight.fan_in + weight.fan_out);
  return std::sqrt((init == Init::glorot ? 6.0 : 1.5) / fans);
}

void fill(const Parameter& weight, Init init, std::uint64_t seed) {
  RandomStream stream(seed, "initial " + weight.name);
  const double half = half_width(init, weight);
  float* values = weight.tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < weight.tensor.numel(); ++i) {
    values[i] = static_cast<float>(half * (2 * stream.uniform() - 1));
  }
}

Init read_common(config::Section& section) {
  section.choice<std::string>("kind", {}, {{"mlp", "mlp"}});
  return section.choice<Init>("init", Init::loss_aware,
                              {{"loss_aware", Init::loss_aware}, {"glorot", Init::glorot}});
}

}  // namespace

void Model::add_weight(const std::string& name, const at::Tensor& tensor, std::int64_t fan_in,
                       std::int64_t fan_out) {
  parameters_.push_back({name, tensor, true, 1, fan_in, fan_out});
}

void Model::add_plain(const std::string& name, const at::Tensor& tensor) {
  parameters_.push_back({name, tensor, false, 1, 0, 0});
}

std::shared_ptr<Model> make_model(config::Section& section, const Shape& shape,
                                  std::uint64_t seed) {
  const Init init = read_common(section);
  const std::shared_ptr<Model> model = std::make_shared<Mlp>(read_mlp(section), shape);
  for (const auto& parameter : model->layers()) {
    if (parameter.quantizable) fill(parameter, init, seed);
  }
  return model;
}

double weight_count(config::Section& section, const Shape& shape) {
  read_common(section);
  return weight_count(read_mlp(section), shape);
}

void check_model(config::Section& section) {
  read_common(section);
  read_mlp(section);
}

}  // namespace laq::nn
