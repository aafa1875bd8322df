#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "train/loss.hpp"
#include "train/training.hpp"

namespace laq::train {

Score evaluate(nn::Model& model, const data::ImageData& data, data::Part part) {
  constexpr std::int64_t kBatch = 500;
  const at::NoGradGuard no_gradient;
  const bool was_training = model.is_training();
  model.eval();
  const std::int64_t total = data.size(part);
  std::vector<std::int64_t> order(static_cast<std::size_t>(total));
  std::iota(order.begin(), order.end(), 0);
  Score score;
  std::int64_t wrong = 0;
  for (std::int64_t begin = 0; begin < total; begin += kBatch) {
    const std::int64_t count = std::min(kBatch, total - begin);
    const at::Tensor inputs =
        at::empty({count, data.channels(), data.height(), data.width()}, at::kFloat);
    const at::Tensor labels = at::empty({count}, at::kLong);
    data.gather(part, {order.data() + begin, static_cast<std::size_t>(count)},
                inputs.data_ptr<float>(), labels.data_ptr<std::int64_t>());
    const at::Tensor output = model.forward(inputs);
    score.loss += squared_hinge(output, labels).item<double>() * static_cast<double>(count);
    wrong += output.argmax(1).ne(labels).sum().item<std::int64_t>();
  }
  model.train(was_training);
  score.loss /= static_cast<double>(total);
  score.error = 100.0 * static_cast<double>(wrong) / static_cast<double>(total);
  return score;
}

}  // namespace laq::train
