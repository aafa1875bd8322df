#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "train/task.hpp"

namespace laq::train {

Score evaluate(nn::Model& model, const Task& task, data::Part part) {
  return *evaluate(model, task, part, [] { return false; });
}

std::optional<Score> evaluate(nn::Model& model, const Task& task, data::Part part,
                              const Stop& stop) {
  const at::NoGradGuard no_gradient;
  const bool was_training = model.is_training();
  model.eval();
  const std::int64_t total = task.rows(part);
  std::vector<std::int64_t> order(static_cast<std::size_t>(total));
  std::iota(order.begin(), order.end(), 0);
  Score score;
  std::int64_t wrong = 0, answers = 0;
  bool stopped = false;
  for (std::int64_t begin = 0; begin < total && !stopped; begin += task.evaluation_rows()) {
    const std::int64_t rows = std::min(task.evaluation_rows(), total - begin);
    const Batch batch = to_device(
        task.gather(part, {order.data() + begin, static_cast<std::size_t>(rows)}), model.device());
    const at::Tensor output = model.forward(batch.input);
    const std::int64_t count = batch.target.numel();
    score.loss += task.loss(output, batch.target).item<double>() * static_cast<double>(count);
    wrong += output.argmax(1).ne(batch.target).sum().item<std::int64_t>();
    answers += count;
    stopped = stop();
  }
  model.train(was_training);
  if (stopped) return std::nullopt;
  score.loss /= static_cast<double>(answers);
  score.error = 100.0 * static_cast<double>(wrong) / static_cast<double>(answers);
  return score;
}

}  // namespace laq::train
