#include <ATen/ATen.h>
#include <torch/nn/modules/rnn.h>

#include <cmath>
#include <set>

#include "nn/dropout.hpp"
#include "nn/network.hpp"
#include "nn/recurrent.hpp"
#include "optim/proximal_adam.hpp"
#include "support/layers.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::nn;
using namespace laq::test;

namespace {

const Shape kPicture{{3, 8, 8}, 5}, kText{{}, 7};

std::shared_ptr<Model> make(const std::string& layers, const Shape& shape = kPicture,
                            std::uint64_t seed = 1) {
  const config::Tree tree = config::parse_yaml("kind: layers\n" + layers, "t.yaml");
  config::Reader section(&tree, "model");
  auto model = make_model(section, shape, seed);
  section.finish();
  return model;
}

std::string refusal(const std::string& layers, const Shape& shape = kPicture) {
  return usage_message([&] { make(layers, shape); });
}

Size size_of(const std::string& layers, const Shape& shape = kPicture) {
  const config::Tree tree = config::parse_yaml("kind: layers\n" + layers, "t.yaml");
  config::Reader section(&tree, "model");
  return model_size(section, shape);
}

nlohmann::json canonical(const std::string& layers) {
  const config::Tree tree = config::parse_yaml("kind: layers\n" + layers, "t.yaml");
  config::Reader section(&tree, "model");
  check_model(section);
  return section.canonical();
}

std::vector<std::string> names(const Model& model, bool quantizable) {
  std::vector<std::string> all;
  for (const auto& parameter : model.layers()) {
    if (parameter.quantizable == quantizable) all.push_back(parameter.name);
  }
  return all;
}

at::Tensor pictures(std::int64_t count) {
  at::manual_seed(3);
  return at::randn({count, 3, 8, 8});
}

at::Tensor value(const Model& model, const std::string& name) {
  return model.named_parameters()[name];
}

bool close(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-5) {
  return a.sizes() == b.sizes() && (a - b).abs().max().item<double>() < tolerance;
}

constexpr const char* kResidual = R"(layers:
  - conv: {channels: 4, kernel: 3, padding: 1, bias: false, quantize: false}
  - batch_norm
  - residual:
      shortcut: conv
      layers:
        - relu
        - conv: {channels: 6, kernel: 3, stride: 2, padding: 1}
  - relu
  - average_pool: all
  - flatten
  - dense: {units: outputs, group: row}
)";

}  // namespace

TEST_CASE("a list of layers is a network with names by kind and order", "[nn]") {
  const auto model = make(kResidual);
  CHECK(names(*model, true) ==
        std::vector<std::string>{"conv2.weight", "shortcut1.weight", "dense1.weight"});
  CHECK(names(*model, false) == std::vector<std::string>{"conv1.weight", "norm1.weight",
                                                         "norm1.bias", "conv2.bias", "norm2.weight",
                                                         "norm2.bias", "dense1.bias"});
  CHECK(model->forward(pictures(7)).sizes() == std::vector<std::int64_t>{7, 5});
  for (const auto& parameter : model->layers()) {
    if (parameter.name == "conv1.weight") {  // in full precision, and drawn all the same
      CHECK(parameter.fan_in == 27);
      CHECK(parameter.tensor.abs().max().item<double>() <= std::sqrt(1.5 / (27 + 36)));
      CHECK(parameter.tensor.std().item<double>() > 0.02);
    }
    if (parameter.name == "dense1.weight") {
      CHECK(optim::groups_of(parameter, quant::Grouping::tensor) == 5);
      CHECK(optim::groups_of(parameter, quant::Grouping::row) == 5);
    }
  }
}

TEST_CASE("layers compute what their names say", "[nn]") {
  const auto model = make(kResidual);
  model->eval();
  const at::NoGradGuard no_gradient;
  const at::Tensor x = pictures(4);
  const auto norm = [&](const at::Tensor& y, const std::string& name) {
    return y * (value(*model, name + ".weight") / std::sqrt(1 + 1e-4)).reshape({1, -1, 1, 1}) +
           value(*model, name + ".bias").reshape({1, -1, 1, 1});
  };
  const at::Tensor first = norm(at::conv2d(x, value(*model, "conv1.weight"), {}, 1, 1), "norm1");
  const at::Tensor left =
      at::conv2d(first.relu(), value(*model, "conv2.weight"), value(*model, "conv2.bias"), 2, 1);
  const at::Tensor right =
      norm(at::conv2d(first, value(*model, "shortcut1.weight"), {}, 2), "norm2");
  const at::Tensor pooled = (left + right).relu().mean(at::IntArrayRef{2, 3});
  CHECK(close(model->forward(x),
              at::linear(pooled, value(*model, "dense1.weight"), value(*model, "dense1.bias"))));

  const auto small = make(
      "layers: [max_pool: {size: 3, stride: 2}, average_pool: 2, tanh, hardtanh,"
      " layer_norm, flatten, dense: {units: outputs, bias: false}]");
  const at::Tensor y =
      at::layer_norm(at::avg_pool2d(at::max_pool2d(x, 3, at::IntArrayRef(2)), 2).tanh(), {3, 1, 1});
  CHECK(close(small->forward(x), at::linear(y.flatten(1), value(*small, "dense1.weight"))));
  const auto grouped = make(
      "layers: [conv: {channels: 6, kernel: 1, groups: 3}, flatten, "
      "dense: outputs]");
  CHECK(value(*grouped, "conv1.weight").sizes() == std::vector<std::int64_t>{6, 1, 1, 1});
}

TEST_CASE("an identity's sum, widths by a factor and repeated layers", "[nn]") {
  const auto repeated = make(
      "width_factor: 0.5\nlayers: [flatten, dense: 20, {repeat: {times: 3, "
      "layers: [{residual: [dense: 20, relu]}]}}, dense: outputs]");
  CHECK(names(*repeated, true) == std::vector<std::string>{"dense1.weight", "dense2.weight",
                                                           "dense3.weight", "dense4.weight",
                                                           "dense5.weight"});
  CHECK(value(*repeated, "dense2.weight").sizes() == std::vector<std::int64_t>{10, 10});
  CHECK(value(*repeated, "dense5.weight").sizes() == std::vector<std::int64_t>{5, 10});
  const at::NoGradGuard no_gradient;
  at::Tensor x = pictures(2).flatten(1);
  const auto dense = [&](const at::Tensor& in, int i) {
    const std::string name = "dense" + std::to_string(i);
    return at::linear(in, value(*repeated, name + ".weight"), value(*repeated, name + ".bias"));
  };
  x = dense(x, 1);
  for (int i = 2; i <= 4; ++i) x = x + dense(x, i).relu();
  CHECK(close(repeated->forward(pictures(2)), dense(x, 5)));
}

TEST_CASE("a ReLU at the start of a block leaves the block's input alone", "[nn]") {
  const auto model =
      make("layers: [flatten, dense: 6, {residual: [relu, dense: 6]}, dense: outputs]");
  const at::Tensor loss = model->forward(pictures(3)).square().sum();
  loss.backward();  // an input that was overwritten would be an error here
  const at::NoGradGuard no_gradient;
  const at::Tensor x = at::linear(pictures(3).flatten(1), value(*model, "dense1.weight"));
  const at::Tensor y = x + at::linear(x.relu(), value(*model, "dense2.weight"));
  CHECK(close(model->forward(pictures(3)), at::linear(y, value(*model, "dense3.weight"))));
}

TEST_CASE("the canonical form of layers says the same, however they are written", "[nn]") {
  const auto one = canonical("layers: [flatten, dense: 20, relu, dropout: 0.5, dense: outputs]");
  CHECK(one == canonical("layers: [{flatten: {}}, {dense: {units: 20, bias: true}}, relu, "
                         "{dropout: {rate: 0.5}}, {dense: {units: outputs, group: quantizer}}]"));
  CHECK(
      one["layers"].dump() ==
      R"(["flatten",{"dense":{"units":20}},"relu",{"dropout":{"rate":0.5}},{"dense":{"units":"outputs"}}])");
  CHECK(one != canonical("layers: [flatten, dense: 20, tanh, dropout: 0.5, dense: outputs]"));
  CHECK(one != canonical("layers: [flatten, dense: {units: 20, quantize: false}, relu, "
                         "dropout: 0.5, dense: outputs]"));
}

TEST_CASE("weights in full precision are not counted, and scales as the layers group them",
          "[nn]") {
  const Size size = size_of(kResidual);
  CHECK(size.weights == 4 * 6 * 9 + 4 * 6 + 6 * 5);
  CHECK(size.multiplications == 27.0 * 4 * 64 + 36.0 * 6 * 16 + 4.0 * 6 * 16 + 30);
  CHECK(size.blocks == 1 + 1 + 5);
  CHECK(size.rows == 6 + 6 + 5);
}

TEST_CASE("layers that do not fit are refused, with layer, shape found and shape needed", "[nn]") {
  const auto says = [](const std::string& layers, const std::vector<std::string>& parts,
                       const Shape& shape = kPicture) {
    const std::string message = refusal(layers, shape);
    for (const auto& part : parts) CHECK_THAT(message, Contains(part));
  };
  says("layers: [dense: outputs]",
       {"t.yaml:2", "layer 'model.layers[0]' (dense)", "found 3 x 8 x 8", "put flatten before it"});
  says("layers: [flatten, conv: 3]",
       {"'model.layers[1]' (conv)", "found 192", "expected channels x height x width"});
  says("layers: [max_pool: 4, max_pool: 4]",
       {"'model.layers[1]' (max_pool)", "found 3 x 2 x 2", "at least 4 x 4 pixels"});
  says("layers: [conv: {channels: 4, groups: 2}]", {"3 channels in, 4 out", "multiples of its 2"});
  says("layers: [flatten, dense: 10]",
       {"'model.layers[1]'", "does not give the outputs", "found 10", "5 (the data's classes)"});
  says("layers: []", {"does not give the outputs", "3 x 8 x 8"});
  says("layers: [flatten, {residual: [dense: 7]}, dense: outputs]",
       {"'model.layers[1]' (residual)", "a sum of 7 and 192", "shortcut: conv"});
  says(
      "layers: [{residual: {shortcut: conv, layers: [conv: {channels: 4, kernel: 4}]}}, flatten, "
      "dense: outputs]",
      {"'model.layers[0]' (residual)", "a sum of 4 x 5 x 5 and 4 x 4 x 4"});
  says("layers: [{residual: {quantize: false, layers: [relu]}}, flatten, dense: outputs]",
       {"quantize", "of the shortcut's convolution"});
  says("layers: [{residual: [flatten]}]", {"'model.layers[0]' (residual)", "192", "3 x 8 x 8"});
  says("layers: [gru: 4]", {"(gru)", "3 x 8 x 8", "a sequence"});
  says("layers: [one_hot]", {"(one_hot)", "characters"});
  says("layers: [dense: outputs]", {"(dense)", "found characters", "embedding or one_hot"}, kText);
  says("layers: [embedding: 4, gru: 4]", {"a sequence of 4", "7 (the data's vocabulary)"}, kText);
}

TEST_CASE("layers that are written wrongly are refused", "[nn]") {
  CHECK_THAT(refusal("layers: [flatten, danse: 3]"),
             Contains("unknown layer 'danse'") && Contains("did you mean 'dense'?"));
  CHECK_THAT(refusal("layers: [flatten, dropout: -0.1, dense: outputs]"),
             Contains("'model.layers[1].dropout.rate'") && Contains("-0.1"));
  CHECK_THAT(refusal("layers: [flatten, dropout: 1, dense: outputs]"), Contains("0 to 0.999"));
  CHECK_THAT(refusal("layers: [flatten, dense]"),
             Contains("'model.layers[1].dense.units' is missing"));
  CHECK_THAT(refusal("layers: [flatten, dense: {unit: 3}]"), Contains("did you mean 'units'?"));
  CHECK_THAT(refusal("layers: [flatten, dense: {units: 3, size: 1}]"),
             Contains("unknown key 'model.layers[1].dense.size'"));
  CHECK_THAT(refusal("layers: [relu: 3]"), Contains("'model.layers[0].relu'"));
  CHECK_THAT(refusal("layers: [{relu: {}, tanh: {}}]"), Contains("is not a layer"));
  CHECK_THAT(refusal("layers: [[relu]]"), Contains("is not a layer"));
  CHECK_THAT(refusal("layers: relu"), Contains("is not a list of layers"));
  CHECK_THAT(refusal("width_factor: 0\nlayers: []"), Contains("'model.width_factor'"));
  CHECK_THAT(refusal("layers: [{repeat: {times: -1, layers: [relu]}}]"), Contains("repeat.times"));
  CHECK_THAT(refusal(""), Contains("'model.layers' is not a list"));
  CHECK_THAT(refusal("layers: [conv: {channels: 3, group: colum}]"),
             Contains("one of quantizer, tensor, row"));
}

TEST_CASE("dropout draws from its own stream, by seed, layer and number", "[nn]") {
  const std::array<std::uint32_t, 2> key{123, 456};
  const at::Tensor drawn = at::full({}, 5, at::kLong);
  const at::Tensor mask = dropout_mask({100, 300}, 0.3, key, drawn);
  CHECK(mask.equal(dropout_mask({100, 300}, 0.3, key, drawn, /*by_tensors=*/true)));
  CHECK(mask.gt(0).to(at::kFloat).mean().item<double>() == Approx(0.7).margin(0.01));
  CHECK(mask.max().item<double>() == Approx(1 / 0.7));
  CHECK(mask.mean(0).std().item<double>() < 0.08);  // no column is favoured
  CHECK(mask.mean(1).std().item<double>() < 0.05);
  const at::Tensor next = dropout_mask({100, 300}, 0.3, key, drawn + 1);
  const double both = (mask.gt(0) & next.gt(0)).to(at::kFloat).mean().item<double>();
  CHECK(both == Approx(0.49).margin(0.015));

  const auto outputs = [](std::uint64_t seed, bool training) {
    const auto model =
        make("layers: [flatten, dropout: 0.5, dropout: 0.5, dense: outputs]", kPicture, seed);
    model->train(training);
    const at::NoGradGuard no_gradient;
    for (const auto& parameter : model->layers()) parameter.tensor.fill_(0.01);
    std::vector<at::Tensor> all;
    for (int i = 0; i < 3; ++i) all.push_back(model->forward(at::ones({2, 3, 8, 8})));
    return all;
  };
  at::manual_seed(7);
  const auto first = outputs(1, true);
  at::manual_seed(8);  // which is not asked
  const auto again = outputs(1, true), other = outputs(2, true), evaluated = outputs(1, false);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(first[i].equal(again[i]));
    CHECK_FALSE(first[i].equal(other[i]));
    CHECK(evaluated[i].equal(evaluated[0]));
  }
  CHECK_FALSE(first[0].equal(first[1]));
}

TEST_CASE("recurrent layers step by step are LibTorch's", "[nn]") {
  at::manual_seed(1);
  torch::nn::GRU gru(5, 6);
  torch::nn::LSTM lstm(5, 6);
  const at::Tensor x = at::randn({4, 3, 5});
  const at::NoGradGuard no_gradient;
  {
    const auto w = gru->named_parameters();
    const at::Tensor inputs = at::linear(x, w["weight_ih_l0"], w["bias_ih_l0"]);
    at::Tensor hidden;
    CHECK(close(gru_by_steps(inputs, w["weight_hh_l0"], w["bias_hh_l0"], {}, 0, hidden),
                std::get<0>(gru(x))));
  }
  const auto w = lstm->named_parameters();
  const at::Tensor inputs = at::linear(x, w["weight_ih_l0"], w["bias_ih_l0"] + w["bias_hh_l0"]);
  LstmState state;
  CHECK(close(lstm_by_steps(inputs, w["weight_hh_l0"], {}, 0, state), std::get<0>(lstm(x))));
  // In two parts.
  LstmState carried;
  const at::Tensor head = lstm_by_steps(inputs.narrow(0, 0, 2), w["weight_hh_l0"], {}, 0, carried);
  const at::Tensor tail = lstm_by_steps(inputs.narrow(0, 2, 2), w["weight_hh_l0"], {}, 0, carried);
  CHECK(close(at::cat({head, tail}), std::get<0>(lstm(x))));
  CHECK(close(carried.cell, state.cell));
}

TEST_CASE("a normalised product has mean 0 and deviation 1 in each gate", "[nn]") {
  at::manual_seed(2);
  const at::Tensor product = 3 + 5 * at::randn({4, 24}), gain = at::arange(24).to(at::kFloat);
  const at::Tensor plain = normalised_product(product, at::ones({24}), 4).reshape({4, 4, 6});
  CHECK(plain.mean(2).abs().max().item<double>() < 1e-5);
  CHECK((plain.var(2, /*unbiased=*/false) - 1).abs().max().item<double>() < 1e-4);
  CHECK(close(normalised_product(product, gain, 4), plain.reshape({4, 24}) * gain, 1e-4));
  CHECK(normalised_product(product, {}, 4).is_same(product));
}

TEST_CASE("networks for text read as they compute, character by character", "[nn]") {
  at::manual_seed(4);
  const at::Tensor characters = at::randint(7, {6, 2}, at::kLong);
  for (const char* layers :
       {"layers: [one_hot, gru: 8, gru: 6, dense: outputs]",
        "layers: [embedding: 5, lstm: {units: 8, norm: layer}, relu, dense: outputs]",
        "layers: [embedding: 5, gru: {units: 8, norm: layer}, batch_norm, dense: outputs]"}) {
    INFO(layers);
    const auto model = make(layers, kText);
    const at::Tensor scores = model->forward(characters);
    CHECK(scores.sizes() == std::vector<std::int64_t>{12, 7});
    at::cross_entropy_loss(scores, characters.flatten()).backward();
    for (const auto& parameter : model->layers()) CHECK(parameter.tensor.grad().defined());
    model->eval();
    const at::NoGradGuard no_gradient;
    const at::Tensor expected = model->forward(characters);
    Model::Memory memory;
    for (std::int64_t t = 0; t < 6; ++t) {
      const at::Tensor next = model->read(characters[t][0].item<std::int64_t>(), memory);
      CHECK(close(next, expected[2 * t]));
    }
  }
}

TEST_CASE("gates of recurrent layers have scales of their own, and clip at time steps", "[nn]") {
  const auto model = make("layers: [one_hot, gru: 9, lstm: 8, dense: outputs]", kText);
  optim::ProximalAdam optimizer(model->layers(),
                                {method("late").quantizer, quant::Grouping::tensor}, {});
  const auto scales = [&](const std::string& name, std::int64_t gates) {
    std::set<double> all;
    for (const auto& gate : value(*model, name).chunk(gates))
      all.insert(gate.abs().max().item<double>());
    return all.size();
  };
  CHECK(scales("gru1.weight_hh_l0", 3) == 3);
  CHECK(scales("lstm1.weight_ih_l0", 4) == 4);
  at::manual_seed(4);
  const at::Tensor characters = at::randint(7, {6, 2}, at::kLong);
  model->clip_at_steps(1e-7);
  at::cross_entropy_loss(model->forward(characters), characters.flatten()).backward();
  CHECK(value(*model, "gru1.weight_ih_l0").grad().abs().max().item<double>() < 1.3e-6);
  CHECK(value(*model, "lstm1.bias_ih_l0").grad().abs().max().item<double>() < 1.3e-6);
}

TEST_CASE("the layer-normalised character LSTM keeps the plain one's draws and learns", "[nn]") {
  const auto lstm = [](const std::string& yaml) {
    const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
    config::Reader section(&tree, "model");
    auto model = make_model(section, kText, 1);
    section.finish();
    return model;
  };
  const auto plain = lstm("{kind: char_lstm, units: 8}"),
             normalised = lstm("{kind: char_lstm, units: 8, norm: layer}");
  CHECK(value(*plain, "lstm.weight_hh_l0").equal(value(*normalised, "lstm.weight_hh_l0")));
  at::manual_seed(4);
  const at::Tensor characters = at::randint(7, {6, 2}, at::kLong);
  // Whatever the size of the weights.
  const at::Tensor before = normalised->forward(characters).detach();
  {
    const at::NoGradGuard no_gradient;
    value(*normalised, "lstm.weight_hh_l0").mul_(3);
    value(*normalised, "lstm.weight_ih_l0").mul_(5);
  }
  CHECK(close(normalised->forward(characters), before, 2e-3));
  CHECK_FALSE(close(plain->forward(characters), before, 1e-6));
  at::cross_entropy_loss(normalised->forward(characters), characters.flatten()).backward();
  CHECK(value(*normalised, "gain_hh").grad().defined());
  Model::Memory memory;
  const at::NoGradGuard no_gradient;
  const at::Tensor expected = normalised->forward(characters);
  for (std::int64_t t = 0; t < 6; ++t) {
    CHECK(close(normalised->read(characters[t][1].item<std::int64_t>(), memory),
                expected[2 * t + 1]));
  }
}
