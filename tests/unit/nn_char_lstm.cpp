#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <set>

#include "nn/char_lstm.hpp"
#include "optim/proximal_adam.hpp"
#include "support/layers.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::nn;
using namespace laq::test;

namespace {

constexpr std::int64_t kUnits = 24, kVocabulary = 7;

std::shared_ptr<Model> make(const std::string& yaml = "{kind: char_lstm, units: 24}",
                            std::uint64_t seed = 1) {
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  config::Reader section(&tree, "model");
  auto model = make_model(section, {{}, kVocabulary}, seed);
  section.finish();
  return model;
}

at::Tensor value(const Model& model, const std::string& name) {
  return model.named_parameters()[name].detach();
}

}  // namespace

TEST_CASE("the character LSTM has nn::LSTM's parameters, gates in blocks of their own", "[nn]") {
  const auto model = make();
  std::vector<std::string> names;
  for (const auto& item : model->named_parameters()) names.push_back(item.key());
  CHECK(names == std::vector<std::string>{"lstm.weight_ih_l0", "lstm.weight_hh_l0",
                                          "lstm.bias_ih_l0", "lstm.bias_hh_l0", "output.weight",
                                          "output.bias"});
  std::vector<std::string> trained;
  for (const auto& layer : model->layers()) {
    trained.push_back(layer.name);
    const bool gates = layer.name.find(".weight_") != std::string::npos;
    CHECK(layer.quantizable == gates);
    CHECK(layer.blocks == (gates ? 4 : 1));
    CHECK(layer.tensor.requires_grad());
  }
  CHECK(trained == std::vector<std::string>{"lstm.weight_ih_l0", "lstm.weight_hh_l0",
                                            "lstm.bias_ih_l0", "output.weight", "output.bias"});
  const std::vector<std::int64_t> input_size = {4 * kUnits, kVocabulary};
  CHECK(model->layers()[0].tensor.sizes().vec() == input_size);
}

TEST_CASE("the character LSTM starts as the paper says, by its seed alone", "[nn]") {
  const auto model = make("{kind: char_lstm, units: 200}");
  for (const char* name : {"lstm.weight_ih_l0", "lstm.weight_hh_l0"}) {
    const at::Tensor weight = value(*model, name);
    CHECK(weight.abs().max().item<double>() <= 0.08);
    CHECK(weight.abs().max().item<double>() > 0.079);
    CHECK(weight.std().item<double>() == Approx(0.08 / std::sqrt(3)).epsilon(0.05));
  }
  const at::Tensor output = value(*model, "output.weight");
  CHECK(output.std().item<double>() == Approx(0.01).epsilon(0.08));
  CHECK(std::abs(output.mean().item<double>()) < 0.001);
  CHECK(output.abs().max().item<double>() > 0.025);  // not uniform
  const auto bias = value(*model, "lstm.bias_ih_l0").chunk(4);
  CHECK(bias[1].eq(1).all().item<bool>());
  for (const int gate : {0, 2, 3})
    CHECK(bias[static_cast<std::size_t>(gate)].eq(0).all().item<bool>());
  CHECK(value(*model, "lstm.bias_hh_l0").eq(0).all().item<bool>());
  CHECK(value(*model, "output.bias").eq(0).all().item<bool>());

  const auto same = make("{kind: char_lstm, units: 200, init: glorot}"),
             other = make("{kind: char_lstm, units: 200}", 2);
  for (const char* name : {"lstm.weight_hh_l0", "output.weight"}) {
    CHECK(value(*same, name).equal(value(*model, name)));
    CHECK_FALSE(value(*other, name).equal(value(*model, name)));
  }
}

TEST_CASE("the character LSTM is nn::LSTM and nn::Linear on one-hot characters", "[nn]") {
  const auto model = make();
  auto& network = dynamic_cast<CharLstm&>(*model);
  torch::nn::LSTM lstm(kVocabulary, kUnits);
  torch::nn::Linear output(kUnits, kVocabulary);
  {
    const at::NoGradGuard no_gradient;
    for (auto& item : lstm->named_parameters())
      item.value().copy_(value(*model, "lstm." + item.key()));
    for (auto& item : output->named_parameters())
      item.value().copy_(value(*model, "output." + item.key()));
  }
  at::manual_seed(1);
  const at::Tensor characters = at::randint(kVocabulary, {9, 4}, at::kLong);
  const at::Tensor input = at::one_hot(characters, kVocabulary).to(at::kFloat);
  const at::Tensor expected = output(std::get<0>(lstm(input))).flatten(0, 1);
  const at::Tensor scores = network.forward(characters);
  CHECK(scores.sizes() == expected.sizes());
  CHECK((scores - expected).abs().max().item<double>() < 1e-6);

  Model::Memory state;  // character by character
  for (std::int64_t t = 0; t < 9; ++t) {
    const at::Tensor next = network.read(characters[t][0].item<std::int64_t>(), state);
    CHECK((next - expected[t * 4]).abs().max().item<double>() < 1e-6);
  }
}

TEST_CASE("the character LSTM clips at time steps, and its output layer nothing", "[nn]") {
  constexpr double kBound = 1e-6;
  constexpr std::int64_t kSteps = 9, kBatch = 4;
  at::manual_seed(1);
  const at::Tensor characters = at::randint(kVocabulary, {kSteps, kBatch}, at::kLong);
  const auto gradients = [&](double bound) {
    const auto model = make();
    model->clip_at_steps(bound);
    at::cross_entropy_loss(model->forward(characters), characters.flatten()).backward();
    std::map<std::string, at::Tensor> all;
    for (const auto& layer : model->layers()) all[layer.name] = layer.tensor.grad();
    return all;
  };
  const auto clipped = gradients(kBound), unclipped = gradients(0);
  for (const auto& [name, gradient] : unclipped) {
    INFO(name);
    const double most = clipped.at(name).abs().max().item<double>();
    if (name.starts_with("output.")) {
      CHECK(clipped.at(name).equal(gradient));
      CHECK(most > 100 * kBound);
    } else {
      CHECK(gradient.abs().max().item<double>() > 2 * most);
      CHECK(most <= 1.001 * kBound * kSteps * kBatch);
      // A sum over steps is not clipped itself; hidden states make that of weight_hh small.
      if (name != "lstm.weight_hh_l0") CHECK(most > 2 * kBound);
    }
  }
}

TEST_CASE("each of the eight gate matrices has a scale of its own", "[nn]") {
  const auto model = make();
  optim::ProximalAdam optimizer(model->layers(),
                                {method("late").quantizer, quant::Grouping::tensor}, {});
  for (const char* name : {"lstm.weight_ih_l0", "lstm.weight_hh_l0"}) {
    std::set<double> scales;
    for (const auto& gate : value(*model, name).chunk(4)) {
      const double scale = gate.abs().max().item<double>();
      scales.insert(scale);
      CHECK((gate.abs().eq(scale) | gate.eq(0)).all().item<bool>());
    }
    CHECK(scales.size() == 4);
  }
  std::set<float> free;
  for (const float w : values_of(value(*model, "output.weight"))) free.insert(w);
  CHECK(free.size() > 100);
}

TEST_CASE("the size of a character LSTM", "[nn]") {
  const config::Tree tree = config::parse_yaml("{kind: char_lstm, units: 512}", "t.yaml");
  config::Reader section(&tree, "model");
  const Size size = model_size(section, {{}, 87});
  CHECK(size.weights == 4.0 * 512 * (512 + 87));
  CHECK(size.multiplications == 4.0 * 512 * 512 + 512 * 87);
}

TEST_CASE("units of a character LSTM are checked", "[nn]") {
  CHECK_THAT(usage_message([] { make("{kind: char_lstm, units: 0}"); }), Contains("'model.units'"));
  CHECK_THAT(usage_message([] { make("{kind: char_lstm}"); }),
             Contains("'model.units' is missing"));
}
