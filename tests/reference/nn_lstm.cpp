#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/threads.hpp"
#include "nn/gate_functions.hpp"
#include "nn/lstm.hpp"
#include "support/catch.hpp"
#include "support/host_reads.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::nn;
using namespace laq::test;

namespace {

struct Sequences {
  at::Tensor characters;
  LstmWeights weights;
};

Sequences sequences(std::int64_t steps, std::int64_t batch, std::int64_t units,
                    std::int64_t vocabulary, at::ScalarType type) {
  at::manual_seed(3);
  // Small enough that rounding errors die out over the steps instead of growing.
  const double spread = 0.5 / std::sqrt(static_cast<double>(units));
  const auto make = [&](at::IntArrayRef sizes) {
    return at::randn(sizes, at::kDouble).mul_(spread).to(type).requires_grad_();
  };
  return {at::randint(vocabulary, {steps, batch}, at::kLong),
          {make({4 * units, vocabulary}), make({4 * units, units}), make({4 * units}),
           make({4 * units})}};
}

at::Tensor by_libtorch(const Sequences& p) {
  const at::Tensor& hh = p.weights.weight_hh;
  const at::Tensor input = at::one_hot(p.characters, p.weights.weight_ih.size(1)).to(hh.dtype());
  const at::Tensor zero = at::zeros({1, p.characters.size(1), hh.size(1)}, hh.options()).detach();
  return std::get<0>(at::lstm(input, {zero, zero},
                              {p.weights.weight_ih, hh, p.weights.bias_ih, p.weights.bias_hh}, true,
                              1, 0, true, false, false));
}

std::vector<at::Tensor> gradients(const Sequences& p, const at::Tensor& hidden) {
  at::manual_seed(4);
  (hidden * at::randn(hidden.sizes(), at::kDouble).to(hidden.dtype())).sum().backward();
  std::vector<at::Tensor> all;
  for (const auto* weight :
       {&p.weights.weight_ih, &p.weights.weight_hh, &p.weights.bias_ih, &p.weights.bias_hh}) {
    all.push_back(weight->grad().clone());
    weight->mutable_grad() = at::Tensor();
  }
  return all;
}

// Largest difference, relative to the largest value.
double difference(const at::Tensor& a, const at::Tensor& b) {
  const double scale = b.abs().max().item<double>();
  return (a - b).abs().max().item<double>() / (scale > 0 ? scale : 1);
}

struct Size {
  std::int64_t steps, batch, units, vocabulary;
};
const std::vector<Size> kSizes = {{1, 1, 1, 2},   {1, 3, 4, 5},     {2, 1, 5, 3},    {7, 5, 17, 11},
                                  {12, 8, 33, 7}, {30, 13, 64, 50}, {50, 4, 128, 87}};

using Lstm = at::Tensor (*)(const at::Tensor&, const LstmWeights&, double);
const std::vector<Lstm> kLstms = {one_hot_lstm, one_hot_lstm_by_products, one_hot_lstm_by_steps};

void compare(Lstm lstm, at::ScalarType type, double tolerance) {
  for (const auto& [steps, batch, units, vocabulary] : kSizes) {
    INFO(steps << " steps, batch " << batch << ", " << units << " units");
    const Sequences p = sequences(steps, batch, units, vocabulary, type);
    const at::Tensor ours = lstm(p.characters, p.weights, 0), theirs = by_libtorch(p);
    CHECK(difference(ours, theirs) <= tolerance);
    const auto our_gradients = gradients(p, ours), their_gradients = gradients(p, theirs);
    for (std::size_t i = 0; i < our_gradients.size(); ++i) {
      INFO("gradient " << i);
      CHECK(our_gradients[i].sizes() == their_gradients[i].sizes());
      CHECK(difference(our_gradients[i], their_gradients[i]) <= tolerance);
    }
    const at::NoGradGuard no_gradient;
    CHECK(lstm(p.characters, p.weights, 0).equal(ours));
  }
}

struct Clipped {
  std::int64_t elements = 0, clipped = 0;
};

// By autograd alone, each step's gradient to the gates' arguments clipped in a hook.
at::Tensor by_hooks(const Sequences& p, double bound, Clipped& count) {
  const at::Tensor &ih = p.weights.weight_ih, &hh = p.weights.weight_hh;
  at::Tensor hidden = at::zeros({p.characters.size(1), hh.size(1)}, hh.options()).detach();
  at::Tensor cell = hidden;
  std::vector<at::Tensor> all;
  for (const at::Tensor& characters : p.characters.unbind()) {
    const at::Tensor arguments = ih.t().index_select(0, characters) + p.weights.bias_ih +
                                 at::mm(hidden, hh.t()) + p.weights.bias_hh;
    arguments.register_hook([bound, &count](const at::Tensor& gradient) {
      count.elements += gradient.numel();
      count.clipped += gradient.abs().gt(bound).sum().item<std::int64_t>();
      return gradient.minimum(at::full_like(gradient, bound))
          .maximum(at::full_like(gradient, -bound));
    });
    const auto gate = arguments.chunk(4, 1);
    cell = gate[1].sigmoid() * cell + gate[0].sigmoid() * gate[2].tanh();
    hidden = gate[3].sigmoid() * cell.tanh();
    all.push_back(hidden);
  }
  return at::stack(all);
}

void compare_clipped(Lstm lstm, at::ScalarType type, double tolerance) {
  for (const double bound : {0.2, 0.05, 0.003}) {
    Clipped count;
    for (const auto& [steps, batch, units, vocabulary] : kSizes) {
      INFO("bound " << bound << ", " << steps << " steps, batch " << batch << ", " << units
                    << " units");
      const Sequences p = sequences(steps, batch, units, vocabulary, type);
      const at::Tensor ours = lstm(p.characters, p.weights, bound);
      const at::Tensor theirs = by_hooks(p, bound, count);
      CHECK(difference(ours, theirs) <= tolerance);
      const auto our_gradients = gradients(p, ours), their_gradients = gradients(p, theirs);
      for (std::size_t i = 0; i < our_gradients.size(); ++i) {
        INFO("gradient " << i);
        CHECK(difference(our_gradients[i], their_gradients[i]) <= tolerance);
      }
    }
    const double share = static_cast<double>(count.clipped) / static_cast<double>(count.elements);
    CHECK(share > 0.05);
    CHECK(share < 0.99);
  }
}

constexpr double kDoubleTolerance = 64 * std::numeric_limits<double>::epsilon();
constexpr double kFloatTolerance = 64 * static_cast<double>(std::numeric_limits<float>::epsilon());

}  // namespace

TEST_CASE("the LSTM equals at::lstm in value and gradient, in double", "[nn]") {
  for (const Lstm lstm : kLstms) compare(lstm, at::kDouble, kDoubleTolerance);
}

TEST_CASE("the LSTM equals at::lstm in value and gradient, in float", "[nn]") {
  for (const Lstm lstm : kLstms) compare(lstm, at::kFloat, kFloatTolerance);
}

TEST_CASE("clipping at every step is that of hooks in autograd", "[nn]") {
  for (const Lstm lstm : kLstms) {
    compare_clipped(lstm, at::kDouble, kDoubleTolerance);
    compare_clipped(lstm, at::kFloat, kFloatTolerance);
  }
}

TEST_CASE("without a bound that acts, the LSTM's gradients are the same bits", "[nn]") {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const Sequences p = sequences(20, 9, 48, 30, type);
    for (const Lstm lstm : kLstms) {
      const auto unclipped = gradients(p, lstm(p.characters, p.weights, 0));
      for (const double bound : {1e6, std::numeric_limits<double>::infinity()}) {
        const auto with = gradients(p, lstm(p.characters, p.weights, bound));
        for (std::size_t i = 0; i < with.size(); ++i) CHECK(with[i].equal(unclipped[i]));
      }
    }
  }
}

TEST_CASE("a gradient that is not a number stays so where it is clipped", "[nn]") {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const Sequences p = sequences(8, 3, 48, 30, type);
    for (const Lstm lstm : kLstms) {
      const at::Tensor hidden = lstm(p.characters, p.weights, 1e-3);
      at::Tensor to_hidden = at::zeros_like(hidden).detach();
      to_hidden[5][1][40] = std::numeric_limits<double>::quiet_NaN();
      hidden.backward(to_hidden);
      for (const auto* weight :
           {&p.weights.weight_ih, &p.weights.weight_hh, &p.weights.bias_ih, &p.weights.bias_hh}) {
        CHECK(weight->grad().isnan().any().item<bool>());
        weight->mutable_grad() = at::Tensor();
      }
    }
  }
}

// What BinaryConnect's weights of ±1 do to a segment of 50 characters.
TEST_CASE("clipping at every step bounds gradients that explode", "[nn]") {
  const std::int64_t steps = 50, batch = 4, units = 64;
  Sequences p = sequences(steps, batch, units, 20, at::kFloat);
  at::manual_seed(5);
  p.weights.weight_hh = at::randn({4 * units, units}).sign().requires_grad_();
  for (const Lstm lstm : kLstms) {
    const auto largest = [&](double bound) {
      return gradients(p, lstm(p.characters, p.weights, bound))[1].abs().max().item<double>();
    };
    CHECK_FALSE(largest(0) < 1e6);
    CHECK(largest(5) <= 5 * steps * batch);
  }
}

TEST_CASE("on a GPU the LSTM would bring no value to the host", "[nn]") {
  const Sequences p = sequences(4, 3, 5, 6, at::kFloat);
  for (const Lstm lstm : {Lstm(one_hot_lstm_by_products), Lstm(one_hot_lstm_by_steps)}) {
    CHECK(host_reads([&] { lstm(p.characters, p.weights, 0.1).sum().backward(); }) == 0);
  }
}

TEST_CASE("the LSTM's gradient is the slope of the loss", "[nn]") {
  const Sequences p = sequences(6, 3, 5, 4, at::kDouble);
  const auto analytic = gradients(p, one_hot_lstm(p.characters, p.weights));
  const auto loss = [&] {
    const at::NoGradGuard no_gradient;
    const at::Tensor hidden = one_hot_lstm(p.characters, p.weights);
    at::manual_seed(4);
    return (hidden * at::randn(hidden.sizes(), at::kDouble)).sum().item<double>();
  };
  const std::vector<at::Tensor> weights = {p.weights.weight_ih, p.weights.weight_hh,
                                           p.weights.bias_ih, p.weights.bias_hh};
  constexpr double kStep = 1e-5;
  for (std::size_t w = 0; w < weights.size(); ++w) {
    double* values = weights[w].data_ptr<double>();
    const double* slopes = analytic[w].data_ptr<double>();
    for (std::int64_t i = 0; i < weights[w].numel(); ++i) {
      const double before = values[i];
      values[i] = before + kStep;
      const double above = loss();
      values[i] = before - kStep;
      const double below = loss();
      values[i] = before;
      CHECK(slopes[i] == Approx((above - below) / (2 * kStep)).margin(1e-8));
    }
  }
}

TEST_CASE("the LSTM gives the same on one thread, but for the order of sums", "[nn]") {
  const Sequences p = sequences(20, 9, 48, 30, at::kFloat);
  const auto outcome = [&] {
    const at::Tensor hidden = one_hot_lstm(p.characters, p.weights);
    return std::pair(hidden, gradients(p, hidden));
  };
  const auto [many, of_many] = outcome();
  const WithThreads single(1);
  const auto [one, of_one] = outcome();
  const double tolerance = 16 * static_cast<double>(std::numeric_limits<float>::epsilon());
  CHECK(difference(one, many) <= tolerance);
  for (std::size_t i = 0; i < of_one.size(); ++i)
    CHECK(difference(of_one[i], of_many[i]) <= tolerance);
}

TEST_CASE("the LSTM repeats itself bitwise", "[nn]") {
  const Sequences p = sequences(20, 9, 48, 30, at::kFloat);
  for (const Lstm lstm : kLstms) {
    const auto first = gradients(p, lstm(p.characters, p.weights, 0.05));
    const auto second = gradients(p, lstm(p.characters, p.weights, 0.05));
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i].equal(second[i]));
  }
}

TEST_CASE("the LSTM refuses what does not fit", "[nn]") {
  Sequences p = sequences(2, 3, 4, 5, at::kFloat);
  CHECK(one_hot_lstm(p.characters.to(at::kByte), p.weights)
            .equal(one_hot_lstm(p.characters, p.weights)));
  CHECK_THAT(message_of([&] { one_hot_lstm(p.characters + 4, p.weights); }),
             Contains("a character is not in the vocabulary") && Contains("expected 0 to 4"));
  CHECK_THAT(message_of([&] { one_hot_lstm(p.characters.flatten(), p.weights); }),
             Contains("not a batch of characters"));
  const at::Tensor hidden = one_hot_lstm(p.characters, p.weights);
  hidden.sum().backward({}, true);
  CHECK_THAT(message_of([&] { hidden.sum().backward(); }), Contains("only once"));
  const at::Tensor by_products = one_hot_lstm_by_products(p.characters, p.weights);
  by_products.sum().backward({}, true);
  CHECK_THAT(message_of([&] { by_products.sum().backward(); }), Contains("only once"));
  p.weights.bias_hh = p.weights.bias_hh.to(at::kDouble);
  CHECK_THAT(message_of([&] { one_hot_lstm(p.characters, p.weights); }),
             Contains("weights do not fit"));
}

TEST_CASE("gate functions are good to two roundings", "[nn]") {
  constexpr double kTolerance = 2.5e-7;
  double worst_tanh = 0, worst_logistic = 0;
  std::mt19937_64 random(1);
  std::uniform_real_distribution<float> exponent(-30, 6.4f);
  for (int i = 0; i < 2'000'000; ++i) {
    const float x = std::exp2(exponent(random)) * (i % 2 ? 1.0f : -1.0f);
    const double exact = std::tanh(static_cast<double>(x));
    worst_tanh =
        std::max(worst_tanh, std::abs((static_cast<double>(fast_tanh(x)) - exact) / exact));
    const double share = 1 / (1 + std::exp(-static_cast<double>(x)));
    worst_logistic =
        std::max(worst_logistic, std::abs(static_cast<double>(logistic(x)) - share) / share);
  }
  CHECK(worst_tanh <= kTolerance);
  CHECK(worst_logistic <= kTolerance);
}

TEST_CASE("gate functions at the ends", "[nn]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(fast_tanh(0.0f) == 0);
  CHECK(std::signbit(fast_tanh(-0.0f)));
  CHECK(fast_tanh(kInfinity) == 1);
  CHECK(fast_tanh(-kInfinity) == -1);
  CHECK(logistic(0.0f) == 0.5f);
  CHECK(logistic(kInfinity) == 1);
  CHECK(logistic(-kInfinity) < 1e-37f);
  CHECK(logistic(-kInfinity) >= 0);
  CHECK(std::isnan(fast_tanh(nan)));
  CHECK(std::isnan(logistic(nan)));
}
