#include <ATen/ATen.h>

#include <cmath>

#include "nn/model.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::nn;
using namespace laq::test;

namespace {

constexpr double kFloatEpsilon = std::numeric_limits<float>::epsilon();

std::shared_ptr<Model> make(const std::string& yaml, const Shape& shape, std::uint64_t seed = 1) {
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  config::Reader section(&tree, "model");
  auto model = make_model(section, shape, seed);
  section.finish();
  return model;
}

const Shape kShape{{1, 2, 3}, 4};
const std::string kTwoHidden = "{kind: mlp, hidden: [8, 5]}";

at::Tensor named(const Model& model, const std::string& name) {
  for (const auto& parameter : model.layers()) {
    if (parameter.name == name) return parameter.tensor;
  }
  FAIL("no parameter " << name);
  return {};
}

}  // namespace

TEST_CASE("an MLP has the layers that its widths say", "[nn]") {
  const auto model = make(kTwoHidden, kShape);
  std::vector<std::string> names;
  int weights = 0;
  for (const auto& parameter : model->layers()) {
    names.push_back(parameter.name);
    if (!parameter.quantizable) continue;
    ++weights;
    CHECK(parameter.tensor.sizes() ==
          std::vector<std::int64_t>{parameter.fan_out, parameter.fan_in});
    CHECK(parameter.blocks == 1);
  }
  CHECK(weights == 3);
  CHECK(names ==
        std::vector<std::string>{"dense1.weight", "dense1.bias", "norm1.weight", "norm1.bias",  //
                                 "dense2.weight", "dense2.bias", "norm2.weight", "norm2.bias",  //
                                 "dense3.weight", "dense3.bias", "norm3.weight", "norm3.bias"});
  CHECK(named(*model, "dense1.weight").sizes() == std::vector<std::int64_t>{8, 6});
  CHECK(named(*model, "dense2.weight").sizes() == std::vector<std::int64_t>{5, 8});
  CHECK(named(*model, "dense3.weight").sizes() == std::vector<std::int64_t>{4, 5});
  CHECK(model->parameters().size() == names.size());  // every parameter is in the list
  CHECK(model->forward(at::zeros({7, 1, 2, 3})).sizes() == std::vector<std::int64_t>{7, 4});
  CHECK(model->forward(at::zeros({7, 6})).sizes() == std::vector<std::int64_t>{7, 4});
  CHECK(make("{kind: mlp, hidden: []}", kShape)->layers().size() == 4);
}

TEST_CASE("weights are counted without making a model", "[nn]") {
  const auto count = [](const std::string& yaml, const Shape& shape) {
    const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
    config::Reader section(&tree, "model");
    return model_size(section, shape).weights;
  };
  CHECK(count("{kind: mlp, hidden: [8, 5], output_norm: false}", kShape) ==
        count(kTwoHidden, kShape));
  CHECK(count(kTwoHidden, kShape) == 6 * 8 + 8 * 5 + 5 * 4);
  CHECK(count("{kind: mlp, hidden: []}", kShape) == 24);
  CHECK(count("{kind: mlp, hidden: [2048, 2048, 2048]}", {{1, 28, 28}, 10}) ==
        784.0 * 2048 + 2 * 2048.0 * 2048 + 20480);
}

TEST_CASE("initial weights are the same draws, scaled by init", "[nn]") {
  const Shape shape{{1, 10, 10}, 10};
  const auto loss_aware = make("{kind: mlp, hidden: [200]}", shape);
  const auto glorot = make("{kind: mlp, hidden: [200], init: glorot}", shape);
  for (const std::string layer : {"dense1.weight", "dense2.weight"}) {
    const at::Tensor w = named(*loss_aware, layer);
    CHECK(at::equal(named(*glorot, layer), w * 2));
    const auto fans = static_cast<double>(w.size(0) + w.size(1));
    const double half = std::sqrt(1.5 / fans);
    CHECK(w.abs().max().item<double>() <= half);
    CHECK(w.abs().max().item<double>() > 0.98 * half);
    // Uniform: mean 0, variance half²/3.
    const double count = static_cast<double>(w.numel());
    CHECK(std::abs(w.mean().item<double>()) < 4 * half / std::sqrt(3 * count));
    CHECK(w.square().mean().item<double>() == Approx(half * half / 3).epsilon(0.1));
  }
  for (const char* bias : {"dense1.bias", "dense2.bias", "norm1.bias"})
    CHECK(named(*loss_aware, bias).abs().max().item<double>() == 0);
  CHECK(named(*loss_aware, "norm1.weight").eq(1).all().item<bool>());
}

TEST_CASE("initial weights are a function of the seed", "[nn]") {
  const auto first = make(kTwoHidden, kShape, 3), same = make(kTwoHidden, kShape, 3);
  const auto other = make(kTwoHidden, kShape, 4);
  for (const auto& parameter : first->layers()) {
    CHECK(at::equal(parameter.tensor, named(*same, parameter.name)));
    if (parameter.quantizable)
      CHECK_FALSE(at::equal(parameter.tensor, named(*other, parameter.name)));
  }
  // Layers of equal shape are not copies of each other.
  const auto square = make("{kind: mlp, hidden: [6, 6]}", kShape);
  CHECK_FALSE(at::equal(named(*square, "dense1.weight"), named(*square, "dense2.weight")));
}

TEST_CASE("forward is dense, batch norm and ReLU, with the paper's constants", "[nn]") {
  const auto model = make(kTwoHidden, kShape);
  const at::NoGradGuard no_gradient;
  double value = 0.1;
  for (const auto& parameter : model->layers()) {  // nothing is left at 0 or 1
    if (!parameter.quantizable) parameter.tensor.fill_(value += 0.15);
  }
  const at::Tensor input = at::sin(at::arange(0, 60).to(at::kFloat)).reshape({10, 1, 2, 3});
  const auto buffer = [&](const std::string& name) { return model->named_buffers()[name]; };
  const auto forward = [&](const std::function<at::Tensor(const at::Tensor&, int)>& normalise) {
    at::Tensor x = input.reshape({10, 6});
    for (int layer = 1; layer <= 3; ++layer) {
      const std::string n = std::to_string(layer);
      x = x.mm(named(*model, "dense" + n + ".weight").t()) + named(*model, "dense" + n + ".bias");
      x = normalise(x, layer) * named(*model, "norm" + n + ".weight") +
          named(*model, "norm" + n + ".bias");
      if (layer < 3) x = x.clamp_min(0);
    }
    return x;
  };
  const auto distance = [](const at::Tensor& x, const at::Tensor& y) {
    return (x - y).abs().max().item<double>() / y.abs().max().item<double>();
  };

  // In training: statistics of the batch (biased variance), ε = 1e-4.
  std::vector<at::Tensor> means, variances;
  const at::Tensor expected = forward([&](const at::Tensor& x, int) {
    const at::Tensor mean = x.mean(0), variance = (x - mean).square().mean(0);
    means.push_back(mean);
    variances.push_back(variance * 10 / 9);  // the running average takes the unbiased one
    return (x - mean) / (variance + 1e-4).sqrt();
  });
  CHECK(distance(model->forward(input), expected) < 100 * kFloatEpsilon);
  for (std::size_t layer = 0; layer < 3; ++layer) {  // 0.9 · start + 0.1 · batch
    const std::string name = "norm" + std::to_string(layer + 1);
    CHECK(distance(buffer(name + ".running_mean"), means[layer] * 0.1) < 100 * kFloatEpsilon);
    CHECK(distance(buffer(name + ".running_var"), variances[layer] * 0.1 + 0.9) <
          100 * kFloatEpsilon);
  }

  // In evaluation: the running averages.
  model->eval();
  const at::Tensor evaluated = forward([&](const at::Tensor& x, int layer) {
    const std::string name = "norm" + std::to_string(layer);
    return (x - buffer(name + ".running_mean")) / (buffer(name + ".running_var") + 1e-4).sqrt();
  });
  CHECK(distance(model->forward(input), evaluated) < 100 * kFloatEpsilon);
}

TEST_CASE("without output norm the network ends with its output layer", "[nn]") {
  for (const auto& [kind, shape] :
       {std::pair<std::string, Shape>{"kind: mlp, hidden: [8, 5]", kShape},
        {"kind: vgg, width: 3, dense: [6, 5]", {{2, 8, 8}, 4}}}) {
    INFO(kind);
    const auto normed = make("{" + kind + "}", shape);
    const auto plain = make("{" + kind + ", output_norm: false}", shape);
    // The same parameters under the same names, but for the last norm's.
    std::vector<std::string> names, expected;
    for (const auto& parameter : plain->layers()) {
      names.push_back(parameter.name);
      CHECK(at::equal(parameter.tensor, named(*normed, parameter.name)));
    }
    for (const auto& parameter : normed->layers()) expected.push_back(parameter.name);
    expected.resize(expected.size() - 2);
    CHECK(names == expected);
    CHECK(plain->parameters().size() == names.size());
    CHECK(plain->named_buffers().size() == normed->named_buffers().size() - 3);

    std::vector<std::int64_t> sizes = {9};
    sizes.insert(sizes.end(), shape.input.begin(), shape.input.end());
    at::manual_seed(1);
    const at::Tensor input = at::randn(sizes);
    const at::Tensor output = plain->forward(input);
    REQUIRE(output.sizes() == std::vector<std::int64_t>{9, 4});
    // Batch norm of it is what the other network says.
    const at::Tensor centred = output - output.mean(0);
    const at::Tensor norm = centred / (centred.square().mean(0) + 1e-4).sqrt();
    CHECK((norm - normed->forward(input)).abs().max().item<double>() < 1e-4);
    // A bias before batch norm has no gradient; that of an output does.
    const at::Tensor weights = at::arange(36).to(at::kFloat).reshape({9, 4});
    (output * weights).sum().backward();
    const at::Tensor gradient = named(*plain, "dense3.bias").grad();
    CHECK((gradient - weights.sum(0)).abs().max().item<double>() < 1e-3);
  }
}

TEST_CASE("the gradient without output norm is that of the loss", "[nn]") {
  const auto model = make("{kind: mlp, hidden: [5], output_norm: false}", kShape);
  model->to(at::kDouble);
  const at::Tensor input = at::sin(at::arange(42).to(at::kDouble).square()).reshape({7, 1, 2, 3});
  const at::Tensor labels = at::arange(7).remainder(4);
  const auto loss = [&] { return at::cross_entropy_loss(model->forward(input), labels); };
  loss().backward();
  const at::NoGradGuard no_gradient;
  for (const auto& parameter : model->layers()) {
    INFO(parameter.name);
    const at::Tensor flat = parameter.tensor.reshape({-1});
    const at::Tensor gradient = parameter.tensor.grad().reshape({-1});
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      constexpr double kStep = 1e-5;
      flat[i] += kStep;
      const double above = loss().item<double>();
      flat[i] -= 2 * kStep;
      const double below = loss().item<double>();
      flat[i] += kStep;
      CHECK(gradient[i].item<double>() ==
            Approx((above - below) / (2 * kStep)).margin(1e-7).epsilon(1e-4));
    }
  }
}

TEST_CASE("models are checked", "[nn]") {
  const auto refusal = [](const std::string& yaml) {
    return usage_message([&] { make(yaml, kShape); });
  };
  CHECK_THAT(refusal("{hidden: [8]}"), Contains("'model.kind' is missing"));
  CHECK_THAT(refusal("{kind: mpl, hidden: [8]}"), Contains("did you mean 'mlp'?"));
  CHECK_THAT(refusal("{kind: mlp}"), Contains("'model.hidden' is missing"));
  CHECK_THAT(refusal("{kind: mlp, hidden: [0]}"), Contains("'model.hidden[0]'"));
  CHECK_THAT(refusal("{kind: mlp, hidden: 8}"), Contains("found '8', expected a list"));
  CHECK_THAT(refusal("{kind: mlp, hidden: [8], init: he}"), Contains("one of loss_aware, glorot"));
  CHECK_THAT(refusal("{kind: mlp, hidden: [8], output_norm: 2}"), Contains("true or false"));
  CHECK_THAT(refusal("{kind: char_lstm, units: 4, output_norm: false}"),
             Contains("'model.output_norm' has no meaning with char_lstm"));
  CHECK_THAT(refusal("{kind: mlp, hidden: [8], width: 3}"), Contains("unknown key 'model.width'"));
}
