#include <ATen/ATen.h>

#include "core/random.hpp"
#include "support/scratch.hpp"
#include "train/loss.hpp"

using namespace laq;
using namespace laq::train;

TEST_CASE("squared hinge by hand", "[train]") {
  const at::Tensor output = at::tensor({2.0f, -0.5f, 0.25f, 0.5f, -2.0f, 1.0f}).reshape({2, 3});
  const at::Tensor labels = at::tensor({std::int64_t{0}, std::int64_t{1}}, at::kLong);
  // Row 0: 0, (1−0.5)², (1+0.25)²; row 1: (1+0.5)², (1+2)², (1+1)².
  const double expected = (0 + 0.25 + 1.5625 + 2.25 + 9 + 4) / 6;
  CHECK(squared_hinge(output, labels).item<double>() == Approx(expected).epsilon(1e-7));
  // Right with a margin: no loss, no gradient.
  const at::Tensor sure = at::tensor({1.5f, -1.0f, -3.0f}).reshape({1, 3}).requires_grad_(true);
  const at::Tensor none = squared_hinge(sure, at::zeros({1}, at::kLong));
  none.backward();
  CHECK(none.item<double>() == 0);
  CHECK(sure.grad().abs().max().item<double>() == 0);
}

TEST_CASE("squared hinge has the gradient of its values", "[train]") {
  RandomStream stream(1, "test loss");
  std::vector<double> values(5 * 4);
  for (auto& value : values) value = 2 * stream.normal();
  const at::Tensor output = at::tensor(values, at::kDouble).reshape({5, 4}).requires_grad_(true);
  const at::Tensor labels = at::tensor(std::vector<std::int64_t>{3, 0, 1, 2, 0}, at::kLong);
  squared_hinge(output, labels).backward();
  const double* gradient = output.grad().data_ptr<double>();
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto moved = [&](double by) {
      std::vector<double> near = values;
      near[i] += by;
      return squared_hinge(at::tensor(near, at::kDouble).reshape({5, 4}), labels).item<double>();
    };
    INFO("entry " << i);
    // The loss is a parabola on each side of its kink, so that the middle difference is exact but
    // for rounding.
    CHECK(gradient[i] == Approx((moved(kStep) - moved(-kStep)) / (2 * kStep)).margin(1e-9));
  }
}
