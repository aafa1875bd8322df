#include "nn/model.hpp"

#include <cmath>

#include "core/error.hpp"
#include "nn/initial.hpp"
#include "nn/network.hpp"
#include "nn/papers.hpp"
#include "nn/spec.hpp"

namespace laq::nn {
namespace {

// Half-width of the uniform distribution, docs/mathematics.md.
double half_width(Init init, const Parameter& weight) {
  if (weight.half_width > 0) return weight.half_width;
  const auto fans = static_cast<double>(weight.fan_in + weight.fan_out);
  return std::sqrt((init == Init::glorot ? 6.0 : 1.5) / fans);
}

std::shared_ptr<Model> make(const LayerList& list, const Shape& shape) {
  return std::make_shared<Network>(list, shape);
}

std::shared_ptr<Model> make(const CharLstmSpec& spec, const Shape& shape) {
  return std::make_shared<CharLstm>(spec, shape);
}

Size size(const LayerList& list, const Shape& shape) {
  return size(plan_layers(list, shape));
}

}  // namespace

Description read_model(config::Reader& section) {
  using Spec = decltype(Description::spec);
  using Reader = Spec (*)(config::Reader&);
  const Reader read_kind = section.choice<Reader>(
      "kind", {},
      {{"mlp", [](config::Reader& keys) -> Spec { return read_mlp(keys); }},
       {"vgg", [](config::Reader& keys) -> Spec { return read_vgg(keys); }},
       {"layers", [](config::Reader& keys) -> Spec { return read_layers(keys); }},
       {"char_lstm", [](config::Reader& keys) -> Spec { return read_char_lstm(keys); }}});
  const Init init = section.choice<Init>(
      "init", Init::loss_aware, {{"loss_aware", Init::loss_aware}, {"glorot", Init::glorot}});
  return {init, read_kind(section)};
}

void Model::add_weight(Parameter weight) {
  parameters_.push_back(std::move(weight));
}

void Model::initialise(Init init, std::uint64_t seed) {
  for (const auto& weight : layers()) {
    if (weight.fan_in > 0) fill_uniform(weight.tensor, half_width(init, weight), seed, weight.name);
  }
}

at::Tensor Model::read(std::int64_t, Memory&) {
  throw Error({.what = "the network does not read characters"});
}

void Model::add_plain(const std::string& name, const at::Tensor& tensor) {
  parameters_.push_back({.name = name, .tensor = tensor});
}

std::shared_ptr<Model> make_model(config::Reader& section, const Shape& shape, std::uint64_t seed) {
  const auto [init, spec] = read_model(section);
  const auto model = std::visit([&](const auto& kind) { return make(kind, shape); }, spec);
  model->initialise(init, seed);
  return model;
}

void Size::add(double inputs, double outputs, double positions, bool quantizable, Scales scales,
               double apart) {
  multiplications += inputs * outputs * positions;
  if (!quantizable) return;
  weights += inputs * outputs;
  blocks += scales == Scales::of_row ? outputs : apart;
  rows += scales == Scales::of_tensor ? apart : outputs;
}

Size& Size::operator+=(const Size& other) {
  weights += other.weights;
  multiplications += other.multiplications;
  blocks += other.blocks;
  rows += other.rows;
  return *this;
}

Size model_size(config::Reader& section, const Shape& shape) {
  return std::visit([&](const auto& kind) { return size(kind, shape); }, read_model(section).spec);
}

void check_model(config::Reader& section) {
  read_model(section);
}

}  // namespace laq::nn
