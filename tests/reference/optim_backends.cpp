#include "optim/proximal_adam.hpp"
#include "support/host_reads.hpp"
#include "support/layers.hpp"
#include "support/methods.hpp"
#include "support/random_group.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::optim;
using namespace laq::test;

namespace {

using By = std::optional<ByKernels>;
const By kByHost, kByKernels = ByKernels{};
constexpr double kTolerance = 2e-6;  // some float roundings of weights below 1, after a few steps

std::vector<nn::Parameter> network() {
  return {layer("w", {24, 20}, true, 0.2, 4), layer("b", {24}, false)};
}

/// The gradients of a step, the same in both networks.
void set_gradients(const std::vector<nn::Parameter>& here, const std::vector<nn::Parameter>& there,
                   int step) {
  for (std::size_t i = 0; i < here.size(); ++i) {
    set_gradient(here[i], step);
    there[i].tensor.mutable_grad() = here[i].tensor.grad().clone();
  }
}

/// Weights that fall on another level than `expected`, as a fraction.
double on_another_level(const at::Tensor& found, const at::Tensor& expected) {
  return (found - expected).abs().gt(1e-4).to(at::kDouble).mean().item<double>();
}

void check_close(const std::string& name, const at::Tensor& found, const at::Tensor& expected) {
  INFO(name);
  REQUIRE(found.sizes() == expected.sizes());
  REQUIRE(found.scalar_type() == expected.scalar_type());
  if (name.ends_with("level_index") || name.ends_with("rounds")) return;
  const at::Tensor difference = (found - expected).abs().to(at::kDouble);
  CHECK(difference.max().item<double>() < kTolerance);
}

using State = std::vector<std::pair<std::string, at::Tensor>>;

/// All but what the solvers keep, each its own.
void check_states(const State& found, const State& expected) {
  const auto shared = [](const State& all) {
    State kept;
    for (const auto& one : all) {
      const auto is = [&](const char* end) { return one.first.ends_with(end); };
      if (!is(":solver_state") && !is(":thresholds") && !is(":kept")) kept.push_back(one);
    }
    return kept;
  };
  const State a = shared(found), b = shared(expected);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].first == b[i].first);
    check_close(a[i].first, a[i].second, b[i].second);
  }
}

// Both optimizers see the same gradients.
void check_method(const Method& method, quant::Grouping grouping, const AdamOptions& options,
                  const std::vector<double>& progress, std::int64_t small_group) {
  INFO(method.name << ", groups up to " << small_group << " by one block");
  const auto here = network(), there = network();
  const quant::Quantization quantizer{method.quantizer, grouping};
  ProximalAdam expected(here, quantizer, options);
  ProximalAdam found(there, quantizer, options, ByKernels{small_group});
  for (int step = 1; step <= static_cast<int>(progress.size()); ++step) {
    set_gradients(here, there, step);
    expected.step(0.01, progress[static_cast<std::size_t>(step - 1)]);
    found.step(0.01, progress[static_cast<std::size_t>(step - 1)]);
    CHECK(on_another_level(there[0].tensor, here[0].tensor) < 0.01);
  }
  check_states(found.state(), expected.state());
  const LayerReport one = found.report().at(0), other = expected.report().at(0);
  CHECK(one.codes == other.codes);
  CHECK(one.zero_fraction == Approx(other.zero_fraction).margin(0.01));
  CHECK(one.flips == Approx(other.flips).margin(0.01));
  CHECK(one.weighted_error == Approx(other.weighted_error).epsilon(1e-3).margin(1e-12));
  CHECK(one.relaxation.has_value() == other.relaxation.has_value());
  if (one.relaxation) CHECK(*one.relaxation == Approx(*other.relaxation).margin(1e-3));
  CHECK(one.gap.has_value() == other.gap.has_value());
  if (one.gap) CHECK(*one.gap == Approx(*other.gap).margin(1e-6));
  CHECK(one.level_share == other.level_share);
  CHECK(one.latent_share == other.latent_share);
}

// By sums gathered in Adam's pass, and by blocks that look at all weights.
void check_method(const Method& method, quant::Grouping grouping,
                  const AdamOptions& options = {.clip_gradient = 0.5},
                  const std::vector<double>& progress = {0, 0, 0, 0}) {
  check_method(method, grouping, options, progress, 0);
  check_method(method, grouping, options, progress, kernels::kSmallGroup);
}

}  // namespace

TEST_CASE("the optimizer by kernels takes the steps of the one on the CPU") {
  for (const auto& name : {"binaryconnect",
                           "bwn",
                           "lab",
                           "twn",
                           "late",
                           "lata",
                           "ttq",
                           "lat2e",
                           "lat2a",
                           "dorefa3",
                           "laq3_linear",
                           "laq3_log",
                           "laq3_linear_released",
                           "laq3_log_released",
                           "absmean",
                           "lsq2",
                           "lsq3",
                           "lsq4",
                           "seq",
                           "lq_nets2",
                           "lq_nets3"}) {
    check_method(method(name), quant::Grouping::tensor);
    check_method(method(name), quant::Grouping::row);
  }
  for (const char* name : {"late", "lata", "ttq", "lsq3"})
    check_method(method(name), quant::Grouping::tensor, {.weight_decay = 0.01, .sgd = true});
  for (const std::string rule : {"{rule: ttq, scale_rate: 0.1, weight_decay: 0.01}",
                                 "{rule: dorefa, bits: 3, gradient: tanh}"}) {
    check_method({rule, quantizer_of(rule).method, {}}, quant::Grouping::tensor);
    check_method({rule, quantizer_of(rule).method, {}}, quant::Grouping::row);
  }
}

TEST_CASE("the optimizers relax weights alike, from the first step to the last") {
  for (const auto& method : relaxed_methods()) {
    for (const auto grouping : {quant::Grouping::tensor, quant::Grouping::row}) {
      check_method(method, grouping, {}, {0, 0.2, 0.4, 0.6});
      check_method(method, grouping, {}, {0.5, 0.9, 0.95, 1});
    }
  }
  check_method(method("late_fisher"), quant::Grouping::tensor);
  check_method(method("late_fisher"), quant::Grouping::row);
  check_method(method("proxquant"), quant::Grouping::tensor, {.sgd = true}, {0.5, 0.9, 1});
}

namespace {

/// ŵ = ±s with the s of each group trained; the gradient of weights beyond ±¼ is dropped.
class ClippedSign : public quant::Quantizer {
  quant::Codebook fit(quant::Sums& sums) const override {
    const double s = sums.scales.empty() ? 0.5 : sums.scales[0];
    return {{quant::threshold_at_least(0)}, {-s, s}, {-1, 1}, {s}};
  }
  bool learns_scales() const override { return true; }
  quant::Gradient gradient() const override {
    return [](const quant::Group& group, std::span<float> gradient) -> std::vector<double> {
      double of_scale = 0;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        of_scale += static_cast<double>(group.previous[i] > 0 ? gradient[i] : -gradient[i]);
        if (std::abs(group.latent[i]) > 0.25f) gradient[i] = 0;
      }
      return {of_scale};
    };
  }
};

/// The same without a scale of its own.
class ClippedUnitSign : public quant::Quantizer {
  quant::Codebook fit(quant::Sums&) const override {
    return {{quant::threshold_at_least(0)}, {-1, 1}, {-1, 1}, {1}};
  }
  quant::Gradient gradient() const override {
    return [](const quant::Group& group, std::span<float> gradient) -> std::vector<double> {
      for (std::size_t i = 0; i < gradient.size(); ++i)
        gradient[i] = std::abs(group.latent[i]) > 0.25f ? 0 : gradient[i];
      return {};
    };
  }
};

/// ŵ = ±mean|w| that shrinks while the training goes on.
class Annealed : public quant::Quantizer {
  quant::Needs needs(const quant::Group&) const override { return {.magnitudes = true}; }
  quant::Codebook fit(quant::Sums& sums) const override {
    const double mean = sums.magnitudes(quant::Side::both).a / static_cast<double>(sums.count);
    const double s = mean * (1 - sums.progress / 2);
    return {{quant::threshold_at_least(0)}, {-s, s}, {-1, 1}, {s}};
  }
};

/// The weights rest until half of the training is over.
class LateStart : public quant::Quantizer {
  quant::Codebook fit(quant::Sums&) const override {
    return {{quant::threshold_at_least(0)}, {-1, 1}, {-1, 1}, {1}};
  }
  quant::Gradient gradient() const override {
    return [](const quant::Group& group, std::span<float> gradient) -> std::vector<double> {
      if (group.progress < 0.5) std::fill(gradient.begin(), gradient.end(), 0.0f);
      return {};
    };
  }
};

}  // namespace

TEST_CASE("a method's gradient sees how far the training is, on every device") {
  const auto moves = [&](double progress, const By& by) {
    const auto here = network();
    ProximalAdam optimizer(here, {std::make_shared<LateStart>(), {}}, {}, by);
    const at::Tensor latent = optimizer.state()[0].second, before = latent.clone();
    set_gradient(here[0], 1);
    optimizer.step(0.01, progress);
    return !at::equal(latent, before);
  };
  for (const double progress : {0.25, 0.75}) {
    CHECK(moves(progress, kByHost) == (progress > 0.5));
    CHECK(moves(progress, kByKernels) == (progress > 0.5));
  }
}

TEST_CASE("what a GPU costs is told of methods that are host code") {
  CHECK(cost_on_gpu({}).empty());
  CHECK(cost_on_gpu(quantizer_of("{rule: ttq}")).empty());
  CHECK_THAT(cost_on_gpu(quantizer_of("{rule: mean_sign}")), Catch::Contains("host code"));
  CHECK_THAT(cost_on_gpu({std::make_shared<LateStart>(), {}}), Catch::Contains("gradient"));
}

TEST_CASE("a method sees how far the training is, on every device") {
  const auto annealed = std::make_shared<Annealed>();
  const auto largest = [&](double progress, const By& by) {
    const auto here = network();
    ProximalAdam optimizer(here, {annealed, {}}, {}, by);
    set_gradient(here[0], 1);
    optimizer.step(1e-9, progress);
    return here[0].tensor.abs().max().item<double>();
  };
  for (const double progress : {0.5, 1.0}) {
    CHECK(largest(progress, kByHost) ==
          Approx(largest(0, kByHost) * (1 - progress / 2)).epsilon(1e-5));
    CHECK(largest(progress, kByKernels) == Approx(largest(progress, kByHost)).epsilon(1e-5));
  }
}

TEST_CASE("a method's own gradient is used by both optimizers") {
  for (const std::shared_ptr<const quant::Quantizer>& rule :
       {std::shared_ptr<const quant::Quantizer>(std::make_shared<ClippedSign>()),
        std::shared_ptr<const quant::Quantizer>(std::make_shared<ClippedUnitSign>())}) {
    for (const auto grouping : {quant::Grouping::tensor, quant::Grouping::row})
      check_method({"own gradient", rule, {}}, grouping);
    const auto here = network();
    ProximalAdam optimizer(here, {rule, {}}, {});
    const auto before = optimizer.state()[0].second.clone();  // of the latent weights
    set_gradient(here[0], 1);
    optimizer.step(0.01);
    const at::Tensor moved = (optimizer.state()[0].second - before).abs() > 0;
    CHECK(moved.eq(before.abs() <= 0.25).all().item<bool>());
  }
}

TEST_CASE("a method without a fit for a GPU finds the same by the sums of tensors") {
  // Any method, its fit for a GPU hidden.
  class Hidden : public quant::Quantizer {
   public:
    explicit Hidden(std::shared_ptr<const quant::Quantizer> method) : method_(std::move(method)) {}
    quant::Needs needs(const quant::Group& group) const override { return method_->needs(group); }
    quant::Codebook fit(quant::Sums& sums) const override { return method_->fit(sums); }
    int scale_count() const override { return method_->scale_count(); }
    bool squared_curvature() const override { return method_->squared_curvature(); }
    bool learns_scales() const override { return method_->learns_scales(); }
    double scale_rate() const override { return method_->scale_rate(); }
    double weight_decay() const override { return method_->weight_decay(); }
    bool discrete(double progress) const override { return method_->discrete(progress); }
    bool replaces_latent() const override { return method_->replaces_latent(); }
    quant::Gradient gradient() const override { return method_->gradient(); }

   private:
    std::shared_ptr<const quant::Quantizer> method_;
  };
  std::vector<Method> methods = all_methods();
  methods.insert(methods.end(), relaxed_methods().begin(), relaxed_methods().end());
  for (const auto& method : methods) {
    const Method hidden{"hidden " + method.name, std::make_shared<Hidden>(method.quantizer), {}};
    check_method(hidden, quant::Grouping::tensor, {}, {0.2, 0.5, 1}, 0);
  }
}

TEST_CASE("the documented method is compiled as it stands there, and runs by kernels") {
  check_method({"mean_sign", quantizer_of("{rule: mean_sign, factor: 0.5}").method, {}},
               quant::Grouping::row);
}

TEST_CASE("what is not a number shows in the network's weights") {
  for (const auto& method : all_methods()) {
    INFO(method.name);
    for (const std::int64_t small_group : {std::int64_t{0}, kernels::kSmallGroup}) {
      const auto there = network();
      ProximalAdam optimizer(there, {method.quantizer, {}}, {}, ByKernels{small_group});
      set_gradient(there[0], 1);
      there[0].tensor.grad().data_ptr<float>()[7] = std::numeric_limits<float>::quiet_NaN();
      optimizer.step(0.01);
      CHECK(there[0].tensor.isnan().any().item<bool>());
    }
  }
}

TEST_CASE("the optimizer by kernels without a quantizer is Adam") {
  const auto here = network(), there = network();
  ProximalAdam expected(here, {}, {});
  ProximalAdam found(there, {}, {}, kByKernels);
  for (int step = 1; step <= 3; ++step) {
    set_gradients(here, there, step);
    expected.step(0.01);
    found.step(0.01);
  }
  for (std::size_t i = 0; i < here.size(); ++i) {
    CHECK((there[i].tensor - here[i].tensor).abs().max().item<double>() < kTolerance);
  }
  CHECK(found.report().empty());
}

TEST_CASE("updates that follow without another prepare count the steps on", "[optim]") {
  const auto check = [&](const Method& method, const By& by) {
    INFO(method.name);
    const auto here = network(), there = network();
    ProximalAdam each(here, {method.quantizer, {}}, {}, by),
        once(there, {method.quantizer, {}}, {}, by);
    constexpr int kSteps = 40, kBefore = 5;
    for (int step = 1; step <= kSteps; ++step) {
      set_gradients(here, there, step);
      each.step(0.01, {static_cast<double>(step), kSteps - 4});
      if (step <= kBefore) once.prepare(0.01, {static_cast<double>(step), kSteps - 4});
      once.update();
    }
    CHECK(once.steps() == kSteps);
    const auto a = each.state(), b = once.state();
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i].second, b[i].second));
    CHECK(at::equal(here[0].tensor, there[0].tensor));
  };
  std::vector<Method> methods = relaxed_methods();
  methods.insert(methods.end(), {method("late"), method("ttq")});
  for (const auto& one : methods) {
    check(one, kByHost);
    check(one, kByKernels);
  }
}

TEST_CASE("the state of one optimizer continues in the other") {
  const Method& late = method("late");
  const auto here = network(), there = network();
  ProximalAdam first(here, {late.quantizer, {}}, {});
  for (int step = 1; step <= 3; ++step) {
    for (const auto& parameter : here) set_gradient(parameter, step);
    first.step(0.01);
  }
  ProximalAdam second(there, {late.quantizer, {}}, {}, kByKernels);
  const at::NoGradGuard no_gradient;
  for (const auto& [name, to] : second.state()) {
    for (const auto& [other, from] : first.state()) {
      if (other == name) to.copy_(from);
    }
  }
  for (std::size_t i = 0; i < here.size(); ++i) there[i].tensor.copy_(here[i].tensor);
  second.set_steps(first.steps());
  set_gradients(here, there, 4);
  first.step(0.01);
  second.step(0.01);
  check_states(second.state(), first.state());
}

TEST_CASE("a step by kernels brings no value to the host") {
  std::vector<Method> methods = all_methods();
  methods.insert(methods.end(), relaxed_methods().begin(), relaxed_methods().end());
  for (const auto& method : methods) {
    INFO(method.name);
    const auto here = network();
    ProximalAdam optimizer(here, {method.quantizer, {}}, {.clip_gradient = 0.5}, kByKernels);
    CHECK(optimizer.capturable());
    for (int step = 1; step <= 2; ++step) {
      for (const auto& parameter : here) set_gradient(parameter, step);
      optimizer.prepare(0.01, 0);
      CHECK(host_reads([&] { optimizer.update(); }) == 0);
      // The counter counts.
      CHECK(host_reads([&] { (void)here[0].tensor.sum().item<float>(); }) == 1);
    }
  }
}

TEST_CASE(
    "windows hold while weights move slowly, and the optimum is the CPU's to the last digits") {
  for (const char* name : {"late", "lata", "lat2e", "lat2a", "laq3_linear", "laq3_log", "twn"}) {
    INFO(name);
    const auto make = [] { return std::vector<nn::Parameter>{layer("w", {300, 400}, true, 0.2)}; };
    const auto here = make(), there = make();
    const quant::Quantization quantizer{method(name).quantizer, {}};
    ProximalAdam expected(here, quantizer, {});
    ProximalAdam found(there, quantizer, {}, ByKernels{0});
    std::int64_t lost = 0;
    for (int step = 1; step <= 30; ++step) {
      set_gradients(here, there, step);
      const double rate = step < 10 ? 1e-3 : 1e-5;
      expected.step(rate);
      found.step(rate);
      if (step > 20) lost += found.windows_lost();
      const at::Tensor a = found.state()[3].second, b = expected.state()[3].second;
      CHECK(((a - b).abs() / b).max().item<double>() < 1e-6);
    }
    CHECK(lost == 0);
  }
}

TEST_CASE("the search by a team finds the global minimum, whatever the weights") {
  for (const std::string rule :
       {"{levels: ternary}", "{levels: ternary, scaling: asymmetric}", "{levels: linear, bits: 3}",
        "{levels: log, bits: 3}", "{levels: log, bits: 4}", "{levels: linear, bits: 5}"}) {
    const auto method = quantizer_of(rule).method;
    for (const char* shape :
         {"normal", "uniform", "bimodal", "laplace", "sparse", "equal", "mixed"}) {
      for (const std::size_t n : {40u, 900u, 6000u, 40000u}) {
        const RandomGroup random(n, n, shape, n == 900 ? 7 : 2);
        for (const std::int64_t small_group : {std::int64_t{0}, kernels::kSmallGroup}) {
          INFO(rule << ", " << n << " weights, " << shape << ", small " << small_group);
          const std::vector<nn::Parameter> here{layer_of(random.w)};
          ProximalAdam optimizer(here, {method, {}}, {.clip = 10}, ByKernels{small_group});
          const auto of = [&](const char* name) {
            for (const auto& [found, tensor] : optimizer.state()) {
              if (found == std::string("w:") + name) return tensor;
            }
            throw std::runtime_error(name);
          };
          const at::Tensor v = of("second_moment");
          {
            const at::NoGradGuard no_gradient;
            v.copy_(at::tensor(random.d).view(v.sizes()).square());
          }
          for (int step = 0; step < 3; ++step) {
            set_gradient(here[0], std::vector<float>(n));
            optimizer.step(0);
            const at::Tensor d = v.sqrt() + quant::kCurvatureFloor, w = of("latent");
            const quant::Group group{{w.data_ptr<float>(), n}, {d.data_ptr<float>(), n}, {}, {}};
            std::vector<float> best(n);
            quant::apply(quant::fit(*method, group), group.latent, best);
            const double least = quant::objective(group.latent, group.curvature, best);
            const double found = quant::objective(group.latent, group.curvature,
                                                  {here[0].tensor.data_ptr<float>(), n});
            CHECK(found <= least * (1 + 1e-6) + 1e-12);
          }
        }
      }
    }
  }
}
