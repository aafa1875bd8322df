#include <ATen/ATen.h>

#include <cmath>
#include <set>

#include "nn/model.hpp"
#include "optim/proximal_adam.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"
#include "train/loss.hpp"

using namespace laq;
using namespace laq::nn;
using namespace laq::test;

namespace {

constexpr double kFloatEpsilon = std::numeric_limits<float>::epsilon();
const Shape kCifar{{3, 32, 32}, 10};
const Shape kSmall{{3, 10, 8}, 4};  // 10 × 8 → 5 × 4 → 2 × 2 → 1 × 1

std::shared_ptr<Model> make(const std::string& yaml, const Shape& shape) {
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  config::Reader section(&tree, "model");
  auto model = make_model(section, shape, 1);
  section.finish();
  return model;
}

Size size_of(const std::string& yaml, const Shape& shape) {
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  config::Reader section(&tree, "model");
  return model_size(section, shape);
}

const Parameter& named(const Model& model, const std::string& name) {
  for (const auto& parameter : model.layers()) {
    if (parameter.name == name) return parameter;
  }
  throw std::runtime_error("no parameter " + name);
}

// The network in double precision, from the definition: `normalise` is batch norm before scale and
// shift of channel by channel.
class Reference {
 public:
  using Normalise = std::function<at::Tensor(const at::Tensor& x, int layer)>;
  Reference(const Model& model, Normalise normalise)
      : model_(model), normalise_(std::move(normalise)) {}

  at::Tensor forward(const at::Tensor& input) {
    at::Tensor x = input.to(at::kDouble);
    for (int layer = 1; layer <= 6; ++layer) {
      x = convolution(x, layer);
      if (layer % 2 == 0) x = pool(x);
      x = norm(x, layer).clamp_min(0);
    }
    x = x.reshape({x.size(0), -1});
    for (int layer = 1; layer <= 3; ++layer) {
      const std::string name = "dense" + std::to_string(layer);
      x = norm(x.mm(value(name + ".weight").t()) + value(name + ".bias"), 6 + layer);
      if (layer < 3) x = x.clamp_min(0);
    }
    return x;
  }

 private:
  at::Tensor value(const std::string& name) { return named(model_, name).tensor.to(at::kDouble); }

  // y(o, p) = b(o) + Σ over c, i, j of w(o, c, i, j) · x(c, p + (i, j) − 1), zeros outside.
  at::Tensor convolution(const at::Tensor& x, int layer) {
    const std::string name = "conv" + std::to_string(layer);
    const at::Tensor w = value(name + ".weight"), padded = at::constant_pad_nd(x, {1, 1, 1, 1});
    at::Tensor y = value(name + ".bias").reshape({1, -1, 1, 1});
    for (std::int64_t i = 0; i < 3; ++i) {
      for (std::int64_t j = 0; j < 3; ++j) {
        const at::Tensor moved = padded.slice(2, i, i + x.size(2)).slice(3, j, j + x.size(3));
        y = y + at::einsum("oc,nchw->nohw", {w.select(3, j).select(2, i), moved});
      }
    }
    return y;
  }

  at::Tensor pool(const at::Tensor& x) {
    const std::int64_t h = x.size(2) / 2, w = x.size(3) / 2;
    return x.slice(2, 0, 2 * h)
        .slice(3, 0, 2 * w)
        .reshape({x.size(0), x.size(1), h, 2, w, 2})
        .amax({3, 5});
  }

  at::Tensor norm(const at::Tensor& x, int layer) {
    const std::string name = "norm" + std::to_string(layer);
    const auto along = [&](const at::Tensor& values) {
      return x.dim() == 4 ? values.reshape({1, -1, 1, 1}) : values;
    };
    return normalise_(x, layer) * along(value(name + ".weight")) + along(value(name + ".bias"));
  }

  const Model& model_;
  Normalise normalise_;
};

double distance(const at::Tensor& x, const at::Tensor& y) {
  return (x - y).abs().max().item<double>() / y.abs().max().item<double>();
}

}  // namespace

TEST_CASE("a VGG has the layers of the paper's network", "[nn]") {
  const auto model = make("{kind: vgg, width: 4, dense: [6, 5]}", kCifar);
  struct Expected {
    std::string name;
    std::vector<std::int64_t> sizes;
    std::int64_t fan_in, fan_out;
  };
  const std::vector<Expected> weights = {
      {"conv1.weight", {4, 3, 3, 3}, 27, 36},     {"conv2.weight", {4, 4, 3, 3}, 36, 36},
      {"conv3.weight", {8, 4, 3, 3}, 36, 72},     {"conv4.weight", {8, 8, 3, 3}, 72, 72},
      {"conv5.weight", {16, 8, 3, 3}, 72, 144},   {"conv6.weight", {16, 16, 3, 3}, 144, 144},
      {"dense1.weight", {6, 16 * 4 * 4}, 256, 6}, {"dense2.weight", {5, 6}, 6, 5},
      {"dense3.weight", {10, 5}, 5, 10}};
  std::vector<std::string> names, expected;
  std::vector<Parameter> quantizable;
  for (const auto& parameter : model->layers()) {
    names.push_back(parameter.name);
    if (parameter.quantizable) quantizable.push_back(parameter);
  }
  REQUIRE(quantizable.size() == weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string layer = weights[i].name.substr(0, weights[i].name.find('.'));
    const std::string norm = "norm" + std::to_string(i + 1);
    for (const std::string& name :
         {layer + ".weight", layer + ".bias", norm + ".weight", norm + ".bias"}) {
      expected.push_back(name);
    }
    CHECK(quantizable[i].name == weights[i].name);
    CHECK(quantizable[i].tensor.sizes() == weights[i].sizes);
    CHECK(quantizable[i].tensor.is_contiguous());
    CHECK(quantizable[i].fan_in == weights[i].fan_in);
    CHECK(quantizable[i].fan_out == weights[i].fan_out);
    CHECK(quantizable[i].blocks == 1);
    // As docs/mathematics.md says: uniform, as wide as the fans say.
    const double half =
        std::sqrt(1.5 / static_cast<double>(weights[i].fan_in + weights[i].fan_out));
    CHECK(quantizable[i].tensor.abs().max().item<double>() <= half);
    CHECK(quantizable[i].tensor.abs().max().item<double>() > 0.7 * half);
  }
  CHECK(names == expected);
  CHECK(model->parameters().size() == names.size());
  CHECK(model->forward(at::zeros({7, 3, 32, 32})).sizes() == std::vector<std::int64_t>{7, 10});
  CHECK(make("{kind: vgg, width: 4}", kSmall)->layers().size() == 36);
}

TEST_CASE("weights and products of a VGG are counted", "[nn]") {
  // CIFAR-10's, K = 128: 3·128·9 + 128²·9 + 128·256·9 + 256²·9 + 256·512·9 + 512²·9, then
  // 8192·1024 + 1024² + 1024·10.
  const Size cifar = size_of("{kind: vgg, width: 128}", kCifar);
  CHECK(cifar.weights == 14'022'016);
  CHECK(cifar.multiplications == 1024.0 * (3456 + 147456) + 256.0 * (294912 + 589824) +
                                     64.0 * (1179648 + 2359296) + 8388608 + 1048576 + 10240);
  // Counted from the model itself.
  double made = 0;
  const auto model = make("{kind: vgg, width: 5, dense: [7]}", kSmall);
  for (const auto& parameter : model->layers()) {
    if (parameter.quantizable) made += static_cast<double>(parameter.tensor.numel());
  }
  CHECK(size_of("{kind: vgg, width: 5, dense: [7]}", kSmall).weights == made);
}

TEST_CASE("forward is convolution, pooling, batch norm, ReLU in this order", "[nn]") {
  const auto model = make("{kind: vgg, width: 3, dense: [7, 6]}", kSmall);
  const at::NoGradGuard no_gradient;
  double step = 0;
  for (const auto& parameter : model->layers()) {  // nothing is left at 0 or 1
    if (!parameter.quantizable) {
      step += 0.7;
      parameter.tensor.copy_(0.8 + 0.5 * at::sin(at::arange(parameter.tensor.numel()) + step));
    }
  }
  const at::Tensor input = at::sin(at::arange(0, 9 * 3 * 10 * 8).to(at::kDouble).square() * 0.37)
                               .to(at::kFloat)
                               .reshape({9, 3, 10, 8});
  const auto along = [](const at::Tensor& values, const at::Tensor& x) {
    return x.dim() == 4 ? values.reshape({1, -1, 1, 1}) : values;
  };
  const auto axes = [](const at::Tensor& x) {
    return x.dim() == 4 ? std::vector<std::int64_t>{0, 2, 3} : std::vector<std::int64_t>{0};
  };
  std::vector<at::Tensor> means, variances;
  Reference training(*model, [&](const at::Tensor& x, int) {
    const at::Tensor mean = x.mean(axes(x), true);
    const at::Tensor variance = (x - mean).square().mean(axes(x), true);
    const double count = static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
    means.push_back(mean.flatten());
    variances.push_back(variance.flatten() * count / (count - 1));
    return (x - mean) / (variance + 1e-4).sqrt();
  });
  const at::Tensor expected = training.forward(input);
  CHECK(distance(model->forward(input), expected) < 1000 * kFloatEpsilon);
  const auto buffer = [&](int layer, const std::string& name) {
    return model->named_buffers()["norm" + std::to_string(layer) + name].to(at::kDouble);
  };
  for (int layer = 1; layer <= 9; ++layer) {  // 0.9 · start + 0.1 · batch
    const auto i = static_cast<std::size_t>(layer - 1);
    CHECK(distance(buffer(layer, ".running_mean"), means[i] * 0.1) < 1000 * kFloatEpsilon);
    CHECK(distance(buffer(layer, ".running_var"), variances[i] * 0.1 + 0.9) < 1000 * kFloatEpsilon);
  }
  model->eval();
  Reference evaluation(*model, [&](const at::Tensor& x, int layer) {
    return (x - along(buffer(layer, ".running_mean"), x)) /
           (along(buffer(layer, ".running_var"), x) + 1e-4).sqrt();
  });
  const at::Tensor evaluated = evaluation.forward(input);
  CHECK(distance(model->forward(input), evaluated) < 1000 * kFloatEpsilon);
}

TEST_CASE("a ternary VGG learns with weights of three values", "[nn]") {
  const auto model = make("{kind: vgg, width: 4, dense: [16, 16]}", kSmall);
  optim::ProximalAdam optimizer(model->layers(),
                                {method("late").quantizer, quant::Grouping::tensor}, {});
  at::manual_seed(1);
  const at::Tensor labels = at::arange(32).remainder(4);
  at::Tensor input = at::randn({32, 3, 10, 8});
  for (std::int64_t i = 0; i < 32; ++i) {  // a class has a bright place of its own
    const std::int64_t corner = labels[i].item<std::int64_t>();
    input[i]
        .slice(1, 5 * (corner / 2), 5 * (corner / 2) + 5)
        .slice(2, 4 * (corner % 2), 4 * (corner % 2) + 4) += 2;
  }
  std::vector<double> losses;
  for (int step = 0; step < 60; ++step) {
    const at::Tensor loss = train::squared_hinge(model->forward(input), labels);
    loss.backward();
    optimizer.step(0.01);
    losses.push_back(loss.item<double>());
  }
  CHECK(losses.back() < 0.1 * losses.front());
  for (const auto& parameter : model->layers()) {
    if (!parameter.quantizable) continue;
    const float* values = parameter.tensor.data_ptr<float>();
    const std::set<float> levels(values, values + parameter.tensor.numel());
    CHECK(levels.size() <= 3);
    CHECK(*levels.begin() == -*levels.rbegin());
  }
}

TEST_CASE("a VGG's description is checked", "[nn]") {
  const auto refusal = [](const std::string& yaml, const Shape& shape = kCifar) {
    return usage_message([&] { make(yaml, shape); });
  };
  CHECK_THAT(refusal("{kind: vgg}"), Contains("'model.width' is missing"));
  CHECK_THAT(refusal("{kind: vgg, width: 0}"), Contains("'model.width'"));
  CHECK_THAT(refusal("{kind: vgg, width: 2, dense: [0]}"), Contains("'model.dense[0]'"));
  CHECK_THAT(refusal("{kind: vgg, width: 2, hidden: [8]}"), Contains("unknown key 'model.hidden'"));
  CHECK_THAT(refusal("{kind: vgg, width: 2}", {{1, 7, 30}, 10}),
             Contains("layer 'vgg[18]' (max_pool) does not fit") && Contains("found 8 x 1 x 7") &&
                 Contains("too small for this network"));
}
