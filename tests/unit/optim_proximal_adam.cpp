#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>

#include <cmath>

#include "core/parallel.hpp"
#include "optim/proximal_adam.hpp"
#include "support/layers.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::optim;
using namespace laq::test;

namespace {

constexpr double kFloatEpsilon = std::numeric_limits<float>::epsilon();

at::Tensor state_of(const ProximalAdam& optimizer, const std::string& name) {
  for (const auto& [key, tensor] : optimizer.state()) {
    if (key == name) return tensor;
  }
  FAIL("no state " << name);
  return {};
}

quant::Quantization by(const std::string& name, quant::Grouping group = quant::Grouping::tensor) {
  return {method(name).quantizer, group};
}

const std::vector<std::string>& names() {
  static const std::vector<std::string> all = {
      "binaryconnect", "bwn",   "lab",   "twn",     "late",        "lata",
      "ttq",           "lat2e", "lat2a", "dorefa3", "laq3_linear", "laq3_log",
      "absmean",       "lsq2",  "seq",   "lsq4",    "lq_nets2",    "lq_nets3"};
  return all;
}

// ŵ of every group from the latent weights, the curvature and what was before, by the rule alone.
std::vector<float> expected_weights(const quant::Quantizer& rule, const std::vector<float>& latent,
                                    const std::vector<float>& second_moment,
                                    const std::vector<float>& previous,
                                    const std::vector<double>& scales, std::size_t groups) {
  const std::size_t size = latent.size() / groups, count = scales.size() / groups;
  std::vector<float> d, out(latent.size());
  for (const float v : second_moment) d.push_back(std::sqrt(v) + 1e-8f);
  for (std::size_t g = 0; g < groups; ++g) {
    const auto part = [&](const std::vector<float>& all) {
      return std::span<const float>(all).subspan(g * size, size);
    };
    quant::Group group{part(latent), {}, part(previous), {}};
    if (rule.uses_curvature()) group.curvature = part(d);
    for (std::size_t s = 0; s < count; ++s) group.scales.push_back(scales[g * count + s]);
    quant::apply(quant::fit(rule, group), group.latent, std::span(out).subspan(g * size, size));
  }
  return out;
}

std::vector<double> scales_of(const ProximalAdam& optimizer, const std::string& layer) {
  const at::Tensor scales = state_of(optimizer, layer + ":scales").contiguous();
  return {scales.data_ptr<double>(), scales.data_ptr<double>() + scales.numel()};
}

// Trains one layer for some steps; after each, ŵ must be what the rule makes of the latent weights.
void check_prox(const std::string& name, const nn::Parameter& parameter, quant::Grouping grouping,
                std::size_t groups) {
  const auto quantizer = by(name, grouping);
  ProximalAdam optimizer({parameter}, quantizer, {});
  for (int step = 1; step <= 4; ++step) {
    const auto previous = values_of(parameter.tensor);
    auto before = scales_of(optimizer, parameter.name);
    set_gradient(parameter, step);
    optimizer.step(0.05);
    if (quantizer.method->learns_scales()) before = scales_of(optimizer, parameter.name);
    const auto latent = values_of(state_of(optimizer, parameter.name + ":latent"));
    const auto second = values_of(state_of(optimizer, parameter.name + ":second_moment"));
    const auto expected =
        expected_weights(*quantizer.method, latent, second, previous, before, groups);
    INFO(name << ", step " << step << ", " << groups << " groups");
    CHECK(values_of(parameter.tensor) == expected);
    CHECK_FALSE(parameter.tensor.grad().defined());
  }
}

}  // namespace

TEST_CASE("TTQ's scales have a rate of their own, its weights a decay", "[optim]") {
  const std::vector<float> w = {1, -0.5f, 0.01f}, g = {1, 2, -3};
  const auto one_step = [&](const std::string& keys) {
    const nn::Parameter weight = layer_of(w);
    ProximalAdam optimizer({weight}, quantizer_of("{rule: ttq" + keys + "}"), {});
    set_gradient(weight, g);
    optimizer.step(0.01);
    return std::pair(scales_of(optimizer, "w"), values_of(state_of(optimizer, "w:first_moment")));
  };
  // Adam's first step is the rate, whatever the gradient: Wp = 1 with gradient 1, Wn = ½ with −2.
  const auto [plain, moments] = one_step("");
  CHECK(plain[0] == Approx(0.99));
  CHECK(plain[1] == Approx(0.51));
  const auto slow = one_step(", scale_rate: 0.1").first;
  CHECK(slow[0] == Approx(0.999));
  CHECK(slow[1] == Approx(0.501));
  CHECK(one_step(", scale_rate: 0").first == std::vector<double>{1, 0.5});
  // First moments are 0.1 of the gradient: Wp g, Wn g and g, each with ½ w more.
  const auto decayed = one_step(", weight_decay: 0.5").second;
  for (std::size_t i = 0; i < w.size(); ++i)
    CHECK(decayed[i] == Approx(moments[i] + 0.1f * 0.5f * w[i]));
}

TEST_CASE("without a quantizer it is torch's Adam", "[optim]") {
  const auto ours = layer("a", {13, 7}, true), plain = layer("b", {13}, false);
  std::vector<at::Tensor> theirs = {ours.tensor.detach().clone().requires_grad_(true),
                                    plain.tensor.detach().clone().requires_grad_(true)};
  ProximalAdam optimizer({ours, plain}, {}, {});
  torch::optim::Adam reference(theirs,
                               torch::optim::AdamOptions(0.01).betas({0.9, 0.999}).eps(1e-8));
  constexpr int kSteps = 50;
  for (int step = 0; step < kSteps; ++step) {
    const double rate = step < 25 ? 0.01 : 0.001;
    static_cast<torch::optim::AdamOptions&>(reference.param_groups()[0].options()).lr(rate);
    set_gradient(ours, step, 3.0);  // far outside [−1, 1]: nothing is clipped here
    set_gradient(plain, step);
    theirs[0].mutable_grad() = ours.tensor.grad().clone();
    theirs[1].mutable_grad() = plain.tensor.grad().clone();
    optimizer.step(rate);
    reference.step();
  }
  CHECK(optimizer.steps() == kSteps);
  CHECK(ours.tensor.abs().max().item<double>() > 0);
  for (const auto& [mine, other] : {std::pair(ours.tensor, theirs[0]), {plain.tensor, theirs[1]}}) {
    // Each step adds a few roundings of w and of a move of at most about the rate.
    CHECK((mine - other).abs().max().item<double>() <
          kSteps * 4 * kFloatEpsilon * (other.abs().max().item<double>() + 0.01));
  }
}

TEST_CASE("without a quantizer, SGD is torch's, with momentum and weight decay", "[optim]") {
  const auto ours = layer("a", {13, 7}, true), plain = layer("b", {13}, false);
  std::vector<at::Tensor> theirs = {ours.tensor.detach().clone().requires_grad_(true),
                                    plain.tensor.detach().clone().requires_grad_(true)};
  ProximalAdam optimizer({ours, plain}, {}, {.weight_decay = 0.01, .sgd = true, .momentum = 0.8});
  torch::optim::SGD reference(theirs,
                              torch::optim::SGDOptions(0.05).momentum(0.8).weight_decay(0.01));
  for (int step = 0; step < 30; ++step) {
    set_gradient(ours, step);
    set_gradient(plain, step);
    theirs[0].mutable_grad() = ours.tensor.grad().clone();
    theirs[1].mutable_grad() = plain.tensor.grad().clone();
    optimizer.step(0.05);
    reference.step();
  }
  for (const auto& [mine, other] : {std::pair(ours.tensor, theirs[0]), {plain.tensor, theirs[1]}})
    CHECK((mine - other).abs().max().item<double>() < 1e-5);
  // The curvature is Adam's: v as it were without SGD.
  const auto with = layer("c", {5, 7}, true), without = layer("c", {5, 7}, true);
  ProximalAdam sgd({with}, by("late"), {.sgd = true}), adam({without}, by("late"), {});
  set_gradient(with, 1);
  set_gradient(without, 1);
  sgd.step(0.1);
  adam.step(0.1);
  const auto second = [](const ProximalAdam& of) {
    for (const auto& [name, tensor] : of.state()) {
      if (name == "c:second_moment") return values_of(tensor);
    }
    return std::vector<float>();
  };
  CHECK(second(sgd) == second(adam));
  CHECK(second(sgd).size() == 35);
}

TEST_CASE("the model holds what the rule makes of the latent weights", "[optim]") {
  for (const auto& name : names()) {
    check_prox(name, layer("small", {6, 5}, true), quant::Grouping::tensor, 1);
    check_prox(name, layer("large", {3, static_cast<std::int64_t>(kChunk) - 100}, true),
               quant::Grouping::tensor, 1);
  }
}

TEST_CASE("rows and blocks have scales of their own", "[optim]") {
  for (const auto& name : names()) {
    check_prox(name, layer("few", {4, 30}, true), quant::Grouping::row, 4);
    check_prox(name, layer("many", {20, 30}, true), quant::Grouping::row, 20);
    check_prox(name, layer("gates", {8, 10}, true, 0.2, 4), quant::Grouping::tensor, 4);
  }
  const auto parameter = layer_of({1, 1, -3, 3}, true, {2, 2});
  const ProximalAdam optimizer({parameter}, by("bwn", quant::Grouping::row), {});
  CHECK(values_of(parameter.tensor) == std::vector<float>{1, 1, -3, 3});
  CHECK(scales_of(optimizer, "w") == std::vector<double>{1, 3});
}

TEST_CASE("the first weights are quantized with uniform curvature", "[optim]") {
  for (const auto& name : names()) {
    const auto parameter = layer("first", {20, 20}, true);
    const auto latent = values_of(parameter.tensor);
    const ProximalAdam optimizer({parameter}, by(name), {});
    INFO(name);
    CHECK(values_of(state_of(optimizer, "first:latent")) == latent);
    CHECK(values_of(parameter.tensor) ==
          quantize(*method(name).quantizer, {latent, {}, {}, {}}).values);
    CHECK(optimizer.steps() == 0);
  }
}

TEST_CASE("latent weights are clipped, other parameters are not", "[optim]") {
  for (const auto& name : names()) {
    if (name == "seq") continue;  // weights as large as its scale rest
    const auto weight = layer_of({0.99f, -0.99f, 0.5f, 0.25f});
    auto bias = layer_of({0.99f, -0.99f}, false);
    bias.name = "bias";
    ProximalAdam optimizer({weight, bias}, by(name), {});
    for (int step = 0; step < 5; ++step) {
      set_gradient(weight, {-1, 1, -0.01f, 0.01f});
      set_gradient(bias, {-1, 1});
      optimizer.step(0.1);
    }
    INFO(name);
    const auto latent = values_of(state_of(optimizer, "w:latent"));
    CHECK(latent[0] == 1);
    CHECK(latent[1] == -1);
    CHECK(latent[2] > 0.9f);
    CHECK(bias.tensor.abs().min().item<double>() > 1.4);
  }
  const auto weight = layer_of({0.5f, -0.5f});
  ProximalAdam narrow({weight}, by("late"), {.clip = 0.6});
  set_gradient(weight, {-1, 1});
  narrow.step(1);
  CHECK(values_of(state_of(narrow, "w:latent")) == std::vector<float>{0.6f, -0.6f});
}

TEST_CASE("a rate of zero and missing gradients move nothing", "[optim]") {
  for (const auto& name : names()) {
    const auto parameter = layer("still", {10, 10}, true);
    const auto latent = values_of(parameter.tensor);
    ProximalAdam optimizer({parameter}, by(name), {});
    const auto quantized = values_of(parameter.tensor);
    optimizer.step(0.1);  // no gradient
    INFO(name);
    CHECK(values_of(parameter.tensor) == quantized);
    set_gradient(parameter, 1);
    optimizer.step(0);
    CHECK(values_of(state_of(optimizer, "still:latent")) == latent);
  }
}

TEST_CASE("TTQ trains its scales and keeps them positive", "[optim]") {
  // Threshold 0.05: codes 1, −1, 0, 1. Scales start as the means: 0.75 and 0.5.
  const auto parameter = layer_of({1, -0.5f, 0.01f, 0.5f});
  ProximalAdam optimizer({parameter}, by("ttq"), {});
  CHECK(values_of(parameter.tensor) == std::vector<float>{0.75f, -0.5f, 0, 0.75f});
  CHECK(scales_of(optimizer, "w") == std::vector<double>{0.75, 0.5});
  set_gradient(parameter, {0.5f, 0.25f, 0.125f, 0.25f});
  optimizer.step(0.1);
  // ∂Wp = 0.5 + 0.25, ∂Wn = −0.25; Adam's first step is the rate times the sign.
  auto scales = scales_of(optimizer, "w");
  CHECK(scales[0] == Approx(0.65).epsilon(1e-6));
  CHECK(scales[1] == Approx(0.6).epsilon(1e-6));
  CHECK(state_of(optimizer, "w:scales_first_moment")[0][0].item<double>() ==
        Approx(0.1 * 0.75).epsilon(1e-14));
  // The latent gradient: Wp·g, Wn·g and g, with the scales before the step.
  const auto moment = values_of(state_of(optimizer, "w:first_moment"));
  const std::vector<float> gradient = {0.75f * 0.5f, 0.5f * 0.25f, 0.125f, 0.75f * 0.25f};
  for (std::size_t i = 0; i < 4; ++i) CHECK(moment[i] == Approx(0.1f * gradient[i]).epsilon(1e-6));
  CHECK(values_of(parameter.tensor)[0] == static_cast<float>(scales[0]));
  for (int step = 0; step < 30; ++step) {
    set_gradient(parameter, {1, -1, 0, 1});
    optimizer.step(0.1);
  }
  scales = scales_of(optimizer, "w");
  CHECK(scales[0] > 0);
  CHECK(scales[1] > 0);
}

TEST_CASE("divergence is an error that names the layer", "[optim]") {
  for (const auto& name : names()) {
    for (const auto grouping : {quant::Grouping::tensor, quant::Grouping::row}) {
      for (const std::int64_t rows : {2, 20}) {
        auto parameter = layer("dense7.weight", {rows, 10}, true);
        ProximalAdam optimizer({parameter}, by(name, grouping), {});
        set_gradient(parameter, 1);
        parameter.tensor.grad()[1][3] = std::numeric_limits<float>::quiet_NaN();
        const Error error = error_of([&] { optimizer.step(0.01); });
        INFO(name << ", " << rows << " rows");
        CHECK(error.kind() == Error::Kind::not_finite);
        CHECK_THAT(error.what(), StartsWith("layer dense7.weight: "));
      }
    }
  }
}

TEST_CASE("a gradient that is not contiguous is read in the right order", "[optim]") {
  const auto one = layer("t", {6, 4}, true), two = layer("t", {6, 4}, true);
  ProximalAdam first({one}, by("late"), {}), second({two}, by("late"), {});
  set_gradient(one, 1);
  two.tensor.mutable_grad() = one.tensor.grad().t().contiguous().t();
  CHECK_FALSE(two.tensor.grad().is_contiguous());
  first.step(0.1);
  second.step(0.1);
  CHECK(at::equal(one.tensor, two.tensor));
}

TEST_CASE("gradients are clipped element by element", "[optim]") {
  const std::vector<float> big = {7, -9, 3, std::numeric_limits<float>::infinity()};
  const std::vector<float> cut = {5, -5, 3, 5};
  for (const char* name : {"late", "full"}) {
    const nn::Parameter a = layer_of({0.1f, 0.2f, -0.3f, 0.4f}),
                        b = layer_of({0.1f, 0.2f, -0.3f, 0.4f});
    const quant::Quantization quantizer =
        name == std::string("full") ? quant::Quantization{} : by(name);
    AdamOptions clipping;
    clipping.clip_gradient = 5;
    ProximalAdam clipped({a}, quantizer, clipping), plain({b}, quantizer, {});
    set_gradient(a, big);
    set_gradient(b, cut);
    clipped.step(0.01);
    plain.step(0.01);
    CHECK(values_of(a.tensor) == values_of(b.tensor));
    CHECK(values_of(state_of(clipped, "w:second_moment")) ==
          values_of(state_of(plain, "w:second_moment")));
  }
}

TEST_CASE("the Fisher diagonal is the square of the other curvature", "[optim]") {
  const auto adam = layer("w", {20, 30}, true), fisher = layer("w", {20, 30}, true);
  ProximalAdam by_root({adam}, by("late"), {}), by_square({fisher}, by("late_fisher"), {});
  for (int step = 1; step <= 3; ++step) {
    set_gradient(adam, step);
    fisher.tensor.mutable_grad() = adam.tensor.grad().clone();
    by_root.step(0.02);
    by_square.step(0.02);
  }
  const auto latent = values_of(state_of(by_square, "w:latent"));
  CHECK(latent == values_of(state_of(by_root, "w:latent")));
  std::vector<float> d;
  for (const float v : values_of(state_of(by_square, "w:second_moment"))) {
    const float root = std::sqrt(v) + 1e-8f;
    d.push_back(root * root);
  }
  const auto expected = quantize(*method("late").quantizer, {latent, d, {}, {}});
  CHECK(values_of(fisher.tensor) == expected.values);
  CHECK(values_of(fisher.tensor) != values_of(adam.tensor));
}

TEST_CASE("ProxQuant moves on from what was projected, and rests when it is discrete", "[optim]") {
  const auto parameter = layer("w", {10, 12}, true), bias = layer("b", {10}, false);
  ProximalAdam optimizer({parameter, bias}, by("proxquant"), {});
  const at::Tensor latent = state_of(optimizer, "w:latent");
  CHECK(at::equal(latent, parameter.tensor));  // λ = 0
  const auto step = [&](int number, double progress) {
    set_gradient(parameter, number);
    set_gradient(bias, number);
    optimizer.step(0.01, progress);
    CHECK(at::equal(latent, parameter.tensor));
    return *optimizer.report()[0].relaxation;
  };
  const double before = step(1, 0.1);
  CHECK(before > 0);
  step(2, 0.5);
  step(3, 0.79);
  const at::Tensor soft = latent.clone();
  CHECK(step(4, 0.8) == 0);
  // The step that makes it discrete does not move it otherwise.
  CHECK(values_of(parameter.tensor) ==
        quantize(*method("late").quantizer, {values_of(soft), {}, {}, {}}).values);
  const at::Tensor discrete = latent.clone(), free = bias.tensor.detach().clone();
  for (int number = 5; number < 20; ++number) CHECK(step(number, 0.9) == 0);
  CHECK(at::equal(latent, discrete));
  CHECK_FALSE(at::equal(bias.tensor, free));  // all else goes on
}
