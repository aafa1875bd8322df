#include "nn/model.hpp"

#include <cmath>
#include <variant>

#include "nn/char_lstm.hpp"
#include "nn/initial.hpp"
#include "nn/mlp.hpp"
#include "nn/vgg.hpp"

namespace laq::nn {
namespace {

// Half-width of the uniform distribution, PAPER.md section 3.
double half_width(Init init, const Parameter& weight) {
  const auto fans = static_cast<double>(weight.fan_in + weight.fan_out);
  return std::sqrt((init == Init::glorot ? 6.0 : 1.5) / fans);
}

// One alternative for each kind of model.
using Spec = std::variant<MlpSpec, VggSpec, CharLstmSpec>;

std::shared_ptr<Model> make(const MlpSpec& spec, const Shape& shape) {
  return std::make_shared<Mlp>(spec, shape);
}

std::shared_ptr<Model> make(const VggSpec& spec, const Shape& shape) {
  return std::make_shared<Vgg>(spec, shape);
}

std::shared_ptr<Model> make(const CharLstmSpec& spec, const Shape& shape) {
  return std::make_shared<CharLstm>(spec, shape);
}

struct Description {
  Init init;
  Spec spec;
};

Description read(config::Reader& section) {
  using Reader = Spec (*)(config::Reader&);
  const Reader read_kind = section.choice<Reader>(
      "kind", {},
      {{"mlp", [](config::Reader& keys) -> Spec { return read_mlp(keys); }},
       {"vgg", [](config::Reader& keys) -> Spec { return read_vgg(keys); }},
       {"char_lstm", [](config::Reader& keys) -> Spec { return read_char_lstm(keys); }}});
  const Init init = section.choice<Init>(
      "init", Init::loss_aware, {{"loss_aware", Init::loss_aware}, {"glorot", Init::glorot}});
  return {init, read_kind(section)};
}

}  // namespace

void Model::add_weight(const std::string& name, const at::Tensor& tensor, std::int64_t fan_in,
                       std::int64_t fan_out, std::int64_t blocks) {
  parameters_.push_back({name, tensor, true, blocks, fan_in, fan_out});
}

void Model::initialise(Init init, std::uint64_t seed) {
  for (const auto& weight : layers()) {
    if (weight.quantizable)
      fill_uniform(weight.tensor, half_width(init, weight), seed, weight.name);
  }
}

void Model::add_plain(const std::string& name, const at::Tensor& tensor) {
  parameters_.push_back({name, tensor, false, 1, 0, 0});
}

std::shared_ptr<Model> make_model(config::Reader& section, const Shape& shape, std::uint64_t seed) {
  const auto [init, spec] = read(section);
  const auto model = std::visit([&](const auto& kind) { return make(kind, shape); }, spec);
  model->initialise(init, seed);
  return model;
}

Size model_size(config::Reader& section, const Shape& shape) {
  return std::visit([&](const auto& kind) { return size(kind, shape); }, read(section).spec);
}

void check_model(config::Reader& section) {
  read(section);
}

}  // namespace laq::nn
