#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <limits>

#include "core/threads.hpp"
#include "nn/dense.hpp"

using namespace laq::nn;

namespace {

struct Values {
  at::Tensor y, by_x, by_weight, by_bias;
};

// With the loss Σ y ∘ s.
template <typename Layer>
Values values(Layer layer, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
              const at::Tensor& s) {
  const auto leaf = [](const at::Tensor& t) { return t.detach().requires_grad_(); };
  const at::Tensor by[] = {leaf(x), leaf(weight), leaf(bias)};
  const at::Tensor y = layer(by[0], by[1], by[2]);
  (y * s).sum().backward();
  return {y.detach(), by[0].grad(), by[1].grad(), by[2].grad()};
}

void check_near(const at::Tensor& ours, const at::Tensor& exact, std::int64_t terms) {
  CHECK(ours.sizes() == exact.sizes());
  // Terms below 1 in size: float32's rounding of each partial sum, added up.
  const double epsilon = std::numeric_limits<float>::epsilon();
  const double most = epsilon * static_cast<double>(terms) * 4;
  if (exact.numel() > 0) CHECK((ours.to(at::kDouble) - exact).abs().max().item<double>() <= most);
}

void check_layer(std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
  INFO(rows << " rows, " << inputs << " inputs, " << outputs << " outputs");
  const auto random = [](at::IntArrayRef size) { return at::rand(size) * 2 - 1; };
  const at::Tensor x = random({rows, inputs}), weight = random({outputs, inputs});
  const at::Tensor bias = random({outputs}), s = random({rows, outputs});
  const Values ours = values(dense, x, weight, bias, s);
  const auto exactly = [](const at::Tensor& t) { return t.to(at::kDouble); };
  const auto linear = [](const auto& a, const auto& b, const auto& c) {
    return at::linear(a, b, c);
  };
  const Values exact = values(linear, exactly(x), exactly(weight), exactly(bias), exactly(s));
  check_near(ours.y, exact.y, inputs + 1);
  check_near(ours.by_x, exact.by_x, outputs);
  check_near(ours.by_weight, exact.by_weight, rows);
  check_near(ours.by_bias, exact.by_bias, rows);
}

}  // namespace

TEST_CASE("a dense layer's products are those of nn::Linear in double", "[reference][nn]") {
  for (const int threads : {1, 2}) {
    const laq::WithThreads set(threads);
    for (const std::int64_t rows : {1, 3, 100})
      for (const std::int64_t inputs : {1, 17, 784})
        for (const std::int64_t outputs : {1, 10, 300}) check_layer(rows, inputs, outputs);
    check_layer(0, 5, 3);
  }
}

TEST_CASE("a dense layer takes matrices in any layout", "[reference][nn]") {
  const at::Tensor wide = at::rand({20, 12}), square = at::rand({12, 9}), bias = at::rand({9});
  const at::Tensor x = wide.slice(1, 0, 12, 2), weight = square.t().slice(1, 0, 6);
  const at::Tensor y = dense(x, weight, bias);
  check_near(y, at::linear(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble)), 7);
}

TEST_CASE("a dense layer's input needs no gradient", "[reference][nn]") {
  const at::Tensor x = at::rand({4, 3}), weight = at::rand({2, 3}).requires_grad_();
  const at::Tensor bias = at::rand({2}).requires_grad_();
  dense(x, weight, bias).sum().backward();  // the gradient of a sum is one value, broadcast
  CHECK(!x.grad().defined());
  CHECK(at::allclose(weight.grad(), x.sum(0).expand({2, 3})));
  CHECK(at::equal(bias.grad(), at::full({2}, 4.0f)));
}

TEST_CASE("a dense layer in double is nn::Linear", "[reference][nn]") {
  const auto options = at::TensorOptions(at::kDouble);
  const at::Tensor x = at::rand({4, 3}, options), weight = at::rand({2, 3}, options);
  const at::Tensor bias = at::rand({2}, options);
  CHECK(at::equal(dense(x, weight, bias), at::linear(x, weight, bias)));
}
