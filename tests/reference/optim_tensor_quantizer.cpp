#include <ATen/ATen.h>

#include "optim/tensor_quantizer.hpp"
#include "support/methods.hpp"
#include "support/random_group.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;

namespace {

constexpr double kSums = 1e-10;  // the same sums in another order

at::Tensor tensor(const std::vector<float>& values) {
  return at::tensor(values);
}

/// A group with the outcome of a fit to other weights as what was before, or with nothing before.
struct Case {
  RandomGroup random;
  quant::Group group;
  std::vector<float> previous;
  std::vector<double> scales;

  Case(const Method& method, std::size_t n, std::uint64_t seed, const std::string& shape,
       bool with_previous)
      : random(n, seed, shape), previous(n), scales(method.quantizer->scale_count()) {
    group = random.group();
    if (!method.quantizer->uses_curvature()) group.curvature = {};
    if (with_previous) {
      const RandomGroup before(n, seed + 1, "normal");
      const Quantized was = quantize(*method.quantizer, before.group());
      previous = was.values;
      scales = was.step.scales;
      group.scales = scales;
    }
    group.previous = previous;
  }

  optim::TensorGroup tensors() const {
    return {tensor(random.w), group.curvature.empty() ? at::Tensor() : tensor(random.d),
            tensor(previous), at::tensor(scales)};
  }
};

std::vector<float> applied(const optim::TensorFit& fit, const std::vector<float>& w) {
  const at::Tensor out = fit.apply(tensor(w));
  return {out.data_ptr<float>(), out.data_ptr<float>() + out.numel()};
}

void check_same(const Method& method, const Case& one) {
  const Quantized expected = quantize(*method.quantizer, one.group);
  const optim::TensorQuantizer quantizer(method.quantizer);
  const optim::TensorFit found = quantizer.fit(one.tensors());
  const auto objective = [&](const std::vector<float>& values) {
    return quant::objective(one.group.latent, one.group.curvature, values);
  };
  const std::vector<float> values = applied(found, one.random.w);
  CHECK(static_cast<std::size_t>(found.values.numel()) == expected.step.values.size());
  CHECK(objective(values) == Approx(objective(expected.values)).epsilon(1e-6).margin(1e-9));
  // Exact optima of several levels need not be unique; all else is.
  if (method.exact() && method.axes.levels != "ternary") return;
  for (std::size_t s = 0; s < expected.step.scales.size(); ++s) {
    CHECK(found.scales[static_cast<std::int64_t>(s)].item<double>() ==
          Approx(expected.step.scales[s]).epsilon(kSums));
  }
  if (method.alternating()) CHECK(found.rounds.item<int>() == expected.step.rounds);
}

}  // namespace

TEST_CASE("tensors give the rules' results") {
  for (const auto& method : all_methods()) {
    for (const auto& shape : group_shapes()) {
      if (shape == "equal" && method.alternating()) continue;  // a tie in every weight
      const std::size_t n = 257;
      INFO(method.name << ", " << shape);
      // LQ-Nets' first basis is the host's.
      if (!method.lq_nets()) check_same(method, Case(method, n, 3, shape, false));
      check_same(method, Case(method, n, 5, shape, true));
    }
    check_same(method, Case(method, 2500, 15, "normal", true));  // sums in several parts
  }
}

TEST_CASE("tensors of zeros, of one sign and of one weight") {
  for (const auto& method : all_methods()) {
    INFO(method.name);
    const bool with_previous = method.lq_nets();
    Case one(method, 40, 7, "normal", with_previous);
    for (auto& w : one.random.w) w = std::abs(w);
    check_same(method, one);
    for (auto& w : one.random.w) w = -w;
    check_same(method, one);
    for (auto& w : one.random.w) w = 0;
    check_same(method, one);
    check_same(method, Case(method, 1, 9, "normal", with_previous));
  }
}

TEST_CASE("of equal optima tensors find the smallest scale, too") {
  const auto log =
      quantizer_of("levels: log\nbits: 3\nscaling: symmetric\ncurvature: adam\nsolver: exact\n");
  const std::vector<float> w{0.5f, 0.5f}, d{1, 1};  // ŵ = w with the scales 2, 1 and 0.5
  CHECK(quant::fit(*log.method, {w, d, {}, {}}).scales[0] == 0.5);
  const auto found = optim::TensorQuantizer(log.method)
                         .fit({tensor(w), tensor(d), at::zeros({2}), at::zeros({1}, at::kDouble)});
  CHECK(found.scales[0].item<double>() == 0.5);
}

TEST_CASE("tensors give the gradients of learned scales") {
  for (const char* name : {"ttq", "lsq2", "lsq3", "lsq4", "seq"}) {
    INFO(name);
    const Method& learned = method(name);
    const Case one(learned, 100, 11, "normal", true);
    const RandomGroup random(100, 12);
    std::vector<float> expected = random.w;
    const auto scales = learned.quantizer->gradient()(one.group, expected);
    const at::Tensor gradient = tensor(random.w);
    const at::Tensor found =
        optim::TensorQuantizer(learned.quantizer).gradient(one.tensors(), gradient);
    REQUIRE(found.numel() == static_cast<std::int64_t>(scales.size()));
    for (std::int64_t s = 0; s < found.numel(); ++s) {
      CHECK(found[s].item<double>() == Approx(scales[static_cast<std::size_t>(s)]).epsilon(kSums));
    }
    CHECK(std::vector<float>(gradient.data_ptr<float>(), gradient.data_ptr<float>() + 100) ==
          expected);
  }
}

TEST_CASE("tensors give DoReFa's gradient through tanh") {
  const auto dorefa = quantizer_of("{rule: dorefa, bits: 3, gradient: tanh}");
  const RandomGroup weights(100, 11), gradients(100, 12);
  for (const std::vector<float>& w : {weights.w, std::vector<float>(100, 0.0f)}) {
    std::vector<float> expected = gradients.w;
    dorefa.method->gradient()({w, {}, {}, {}}, expected);
    const at::Tensor gradient = tensor(gradients.w);
    const at::Tensor none = at::zeros({1}, at::kDouble);
    optim::TensorQuantizer(dorefa.method)
        .gradient({tensor(w), {}, at::zeros({100}), none}, gradient);
    for (std::int64_t i = 0; i < 100; ++i) {
      CHECK(gradient[i].item<float>() ==
            Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-5));
    }
  }
}

TEST_CASE("a weight that is not a number is not one in tensors either") {
  for (const auto& method : all_methods()) {
    INFO(method.name);
    Case one(method, 20, 13, "normal", true);
    one.random.w[7] = std::numeric_limits<float>::quiet_NaN();
    const optim::TensorFit fit = optim::TensorQuantizer(method.quantizer).fit(one.tensors());
    CHECK(std::isnan(applied(fit, one.random.w)[7]));
    if (!method.quantizer->uses_curvature()) continue;
    Case huge(method, 20, 13, "normal", true);
    huge.random.d[7] = std::numeric_limits<float>::infinity();
    const optim::TensorFit none = optim::TensorQuantizer(method.quantizer).fit(huge.tensors());
    CHECK_FALSE(std::isfinite(applied(none, huge.random.w)[0]));
  }
}

TEST_CASE("a method without a fit for a GPU is fitted on the host") {
  class Sign : public quant::Quantizer {
    quant::Codebook fit(quant::Sums&) const override {
      return {{quant::threshold_at_least(0)}, {-0.5, 0.5}, {-1, 1}, {0.5}};
    }
  };
  const optim::TensorQuantizer quantizer(std::make_shared<Sign>());
  const at::Tensor w = at::tensor({-0.1f, 0.0f, 3.0f});
  const auto fit = quantizer.fit({w, {}, at::zeros({3}), at::zeros({1}, at::kDouble)});
  CHECK(applied(fit, {-0.1f, 0.0f, 3.0f}) == std::vector<float>{-0.5f, 0.5f, 0.5f});
  CHECK(fit.scales[0].item<double>() == 0.5);
}

TEST_CASE("the documented method is compiled as it stands there, and runs on every device") {
  const auto documented = quantizer_of("{rule: mean_sign, factor: 0.5}").method;
  const RandomGroup random(3000, 4);
  double mean = 0;
  for (const double w : random.weights()) mean += std::abs(w) / 3000;
  const quant::Codebook codebook = quant::fit(*documented, random.group());
  CHECK(codebook.scales[0] == Approx(mean / 2));
  CHECK(codebook.values == std::vector<double>{-codebook.scales[0], codebook.scales[0]});
  const optim::TensorFit by_tensors =
      optim::TensorQuantizer(documented)
          .fit({tensor(random.w), {}, at::zeros({3000}), at::zeros({1}, at::kDouble)});
  CHECK(by_tensors.scales[0].item<double>() == Approx(mean / 2));
}

TEST_CASE("a method without a fit for a GPU finds the same by the sums of tensors") {
  // Any method, its fit for a GPU hidden.
  class Hidden : public quant::Quantizer {
   public:
    explicit Hidden(std::shared_ptr<const quant::Quantizer> method) : method_(std::move(method)) {}
    quant::Needs needs(const quant::Group& group) const override { return method_->needs(group); }
    quant::Codebook fit(quant::Sums& sums) const override { return method_->fit(sums); }
    int scale_count() const override { return method_->scale_count(); }

   private:
    std::shared_ptr<const quant::Quantizer> method_;
  };
  for (const auto& method : all_methods()) {
    for (const bool again : {false, true}) {
      if (method.lq_nets() && !again) continue;  // by tensors it does not settle a first basis
      const Case one(method, 200, 17, "normal", again);
      const optim::TensorFit plain = optim::TensorQuantizer(method.quantizer).fit(one.tensors());
      const optim::TensorFit hidden =
          optim::TensorQuantizer(std::make_shared<Hidden>(method.quantizer)).fit(one.tensors());
      INFO(method.name << ", again " << again);
      CHECK(at::allclose(hidden.scales, plain.scales, 1e-6, 1e-9));
      CHECK(at::allclose(hidden.values, plain.values, 1e-5, 1e-7));
    }
  }
}
