#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "train/resident_data.hpp"

namespace laq::train {

Score evaluate(nn::Model& model, const Task& task, data::Part part) {
  return *evaluate(model, task, part, [] { return false; });
}

std::optional<Score> evaluate(nn::Model& model, const Task& task, data::Part part, const Stop& stop,
                              const ResidentPart* resident) {
  const at::NoGradGuard no_gradient;
  const bool was_training = model.is_training();
  model.eval();
  const std::int64_t total = task.rows(part);
  std::vector<std::int64_t> order(static_cast<std::size_t>(total));
  std::iota(order.begin(), order.end(), 0);
  // On the model's device: sum of the losses, and wrong answers.
  const at::Tensor sums = at::zeros({2}, at::TensorOptions(at::kDouble).device(model.device()));
  const at::Tensor losses = sums[0], wrong = sums[1];
  std::int64_t answers = 0;
  bool stopped = false;
  for (std::int64_t begin = 0; begin < total && !stopped; begin += task.evaluation_rows()) {
    const std::int64_t rows = std::min(task.evaluation_rows(), total - begin);
    const std::span<const std::int64_t> wanted(order.data() + begin,
                                               static_cast<std::size_t>(rows));
    const Batch batch = resident ? resident->slice(begin, rows)
                                 : to_device(task.gather(part, wanted), model.device());
    const at::Tensor output = model.forward(batch.input);
    const std::int64_t count = batch.target.numel();
    losses.add_(task.loss(output, batch.target).to(at::kDouble) * static_cast<double>(count));
    wrong.add_(output.argmax(1).ne(batch.target).sum());
    answers += count;
    stopped = stop();
  }
  model.train(was_training);
  if (stopped) return std::nullopt;
  const at::Tensor here = sums.to(at::kCPU);
  const double* sum = here.data_ptr<double>();
  return Score{sum[0] / static_cast<double>(answers),
               100.0 * sum[1] / static_cast<double>(answers)};
}

}  // namespace laq::train
