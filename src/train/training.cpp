#include "train/training.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "config/reader.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/machine.hpp"
#include "core/median.hpp"
#include "core/random.hpp"
#include "train/torch_info.hpp"

namespace laq::train {
namespace {

// A run that was begun before these columns were kept goes on without them.
void append_distribution(const optim::LayerReport& layer, record::History& history) {
  const bool first = history.epochs.rows() == 1;
  if (!first && !history.find(layer.name, "level_values")) return;
  history.append_layer(layer.name, "level_values", layer.level_values);
  history.append_layer(layer.name, "latent_histogram", layer.latent_share);
  history.append_layer(layer.name, "latent_largest", layer.latent_largest);
  if (layer.gap) history.append_layer(layer.name, "gap", *layer.gap);
  if (layer.relaxation) history.append_layer(layer.name, "relaxation", *layer.relaxation);
}

}  // namespace

Training::Training(const Run& run, const Task& task, const Execution& execution)
    : run_(run), task_(task), staging_(execution.device) {
  const c10::Device device = execution.device;
  const auto seed = static_cast<std::uint64_t>(run.request.seed);
  config::Reader model_section(run.tree.find("model"), "model");
  prepare_device(device);
  model_ = nn::make_model(model_section, task.shape(), seed);
  model_->to(device);
  model_->clip_at_steps(run.train.clip_at_steps);
  optimizer_ =
      std::make_unique<optim::ProximalAdam>(model_->layers(), run.quantizer, run.train.adam);
  graph_ = std::make_unique<StepGraph>(device, execution.graph && optimizer_->capturable());

  const std::int64_t batch = run.train.batch;
  position_.steps_per_epoch = task.rows(data::Part::train) / batch;
  if (position_.steps_per_epoch == 0) {
    throw usage_error({.what = "the batch is larger than the training part",
                       .where = "train.batch",
                       .found = std::to_string(batch),
                       .expected = fmt::format("at most {}", task.rows(data::Part::train))});
  }
  position_.total_steps = position_.steps_per_epoch * run.train.epochs;
  if (run.train.max_steps > 0) {
    position_.total_steps = std::min(position_.total_steps, run.train.max_steps);
  }
  if (execution.resident.value_or(device.is_cuda()))
    resident_ = ResidentData(task, device, [device] { return free_memory(device); });
  const auto numbers = at::TensorOptions(at::kLong).device(device);
  if (resident_.find(data::Part::train))
    batches_ = at::empty({position_.steps_per_epoch, batch}, numbers);
  next_ = at::zeros({1}, numbers);
  losses_ = at::zeros({position_.steps_per_epoch}, numbers.dtype(at::kFloat));
  seconds_ = at::zeros({position_.steps_per_epoch}, at::kDouble);
  begin_epoch();
}

void Training::begin_epoch() {
  order_ = permutation(static_cast<std::size_t>(task_.rows(data::Part::train)),
                       RandomStream(static_cast<std::uint64_t>(run_.request.seed), "data order",
                                    static_cast<std::uint64_t>(position_.epoch)));
  next_.fill_(position_.step_in_epoch);
  if (!batches_.defined()) return;
  const at::Tensor here =
      at::empty(batches_.sizes(), at::TensorOptions(at::kLong).pinned_memory(batches_.is_cuda()));
  std::copy_n(order_.begin(), here.numel(), here.data_ptr<std::int64_t>());
  batches_.copy_(here, /*non_blocking=*/true);
}

// One step on the device. Its number is there too, so that a CUDA graph of it is the same for all.
void Training::work() {
  const ResidentPart* resident = resident_.find(data::Part::train);
  const Batch batch =
      resident ? resident->gather(batches_.index_select(0, next_).view(-1)) : staged_;
  const at::Tensor loss = task_.loss(model_->forward(batch.input), batch.target);
  loss.backward();
  optimizer_->update();
  losses_.index_copy_(0, next_, loss.detach().view({1}));
  next_.add_(1);
}

void Training::advance(std::int64_t most) {
  const auto start = Clock::now();
  const std::int64_t first = position_.step_in_epoch;
  std::int64_t count = 1;
  if (resident_.find(data::Part::train)) {
    // Chunks end at multiples, so that what is shown now and then has a round number.
    most =
        std::min({most, position_.steps_per_epoch - first, position_.total_steps - position_.steps,
                  StepGraph::kChunk - first % StepGraph::kChunk});
    count = graph_->chunk(most);
  } else {
    const auto size = static_cast<std::size_t>(run_.train.batch);
    Batch batch = task_.gather(data::Part::train,
                               {order_.data() + static_cast<std::size_t>(first) * size, size});
    // A function of seed and step, both of which a checkpoint holds.
    task_.augment(batch, static_cast<std::uint64_t>(run_.request.seed),
                  static_cast<std::uint64_t>(position_.steps));
    staged_ = staging_.bring(std::move(batch));
  }
  const std::int64_t updates = optimizer_->steps();
  // Progress with this step, so that the last one is at 1, where every method is discrete.
  const auto prepare = [&] {
    optimizer_->set_steps(updates);
    optimizer_->prepare(
        run_.schedule.rate(position_.epoch),
        {static_cast<double>(position_.steps + 1), static_cast<double>(position_.total_steps)});
  };
  prepare();
  const auto step = [this] { work(); };
  if (graph_->capture_due()) {
    graph_->capture(step);
    prepare();
  }
  graph_->run(count, step);
  optimizer_->set_steps(updates + count);
  // To a microsecond in few binary digits, which a record compresses.
  const double each =
      std::ldexp(std::round(std::ldexp(since(start) / static_cast<double>(count), 20)), -20);
  std::fill_n(seconds_.data_ptr<double>() + first, count, each);
  position_.step_in_epoch += count;
  position_.steps += count;
}

bool Training::epoch_due() const {
  return position_.step_in_epoch == position_.steps_per_epoch ||
         (position_.step_in_epoch > 0 && done());
}

double Training::train_loss(const float* losses) const {
  double sum = 0;
  for (std::int64_t i = 0; i < position_.step_in_epoch; ++i) {
    if (!std::isfinite(losses[i])) {
      throw Error({.what = fmt::format("the training loss is not finite at step {} of epoch {}",
                                       i + 1, position_.epoch + 1),
                   .found = fmt::format("{}", losses[i])},
                  Error::Kind::not_finite);
    }
    sum += static_cast<double>(losses[i]);
  }
  return sum / static_cast<double>(position_.step_in_epoch);
}

std::optional<std::pair<Score, Score>> Training::scores(const Stop& stop) const {
  const auto valid = evaluate(*model_, task_, data::Part::validation, stop,
                              resident_.find(data::Part::validation));
  if (!valid) return std::nullopt;
  const auto test =
      evaluate(*model_, task_, data::Part::test, stop, resident_.find(data::Part::test));
  if (!test) return std::nullopt;
  for (const double value : {valid->loss, test->loss}) {
    if (!std::isfinite(value)) {
      throw Error(
          {.what = position_.steps == 0
                       ? "the validation or test loss of the initial network is not finite"
                       : fmt::format("the validation or test loss is not finite after epoch {}",
                                     position_.epoch + 1),
           .found = fmt::format("{}", value)},
          Error::Kind::not_finite);
    }
  }
  return std::pair{*valid, *test};
}

bool Training::finish_epoch(const Stop& stop) {
  const auto last_step = Clock::now();
  const at::Tensor losses = losses_.to(at::kCPU);
  // A GPU may still have been at work on steps that were handed to it: each gets the mean.
  if (!losses_.is_cpu()) {
    const at::Tensor steps = seconds_.narrow(0, 0, position_.step_in_epoch);
    steps.fill_((steps.sum() + since(last_step)) / position_.step_in_epoch);
  }
  const double loss = train_loss(losses.data_ptr<float>());
  const auto start = Clock::now();
  const auto both = scores(stop);
  if (!both) return false;
  const auto& [valid, test] = *both;
  const double evaluation_seconds = since(start);

  const double* seconds = seconds_.data_ptr<double>();
  const std::int64_t first_step = position_.steps - position_.step_in_epoch;
  for (std::int64_t i = 0; i < position_.step_in_epoch; ++i) {
    history_.steps.append(
        first_step + i + 1,
        {{"loss", static_cast<double>(losses.data_ptr<float>()[i])}, {"seconds", seconds[i]}});
  }
  const double rate = run_.schedule.rate(position_.epoch);
  const double spent = std::accumulate(seconds, seconds + position_.step_in_epoch, 0.0);
  ++position_.epoch;
  position_.step_in_epoch = 0;
  history_.epochs.append(position_.epoch, {{"train_loss", loss},
                                           {"valid_loss", valid.loss},
                                           {"valid_error", valid.error},
                                           {"test_loss", test.loss},
                                           {"test_error", test.error},
                                           {"learning_rate", rate},
                                           {"seconds", spent + evaluation_seconds}});
  for (const auto& layer : optimizer_->report()) {
    history_.append_layer(layer.name, "scales", layer.scales);
    history_.append_layer(layer.name, "zero_fraction", layer.zero_fraction);
    history_.append_layer(layer.name, "level_histogram", layer.level_share);
    history_.append_layer(layer.name, "flips", layer.flips);
    history_.append_layer(layer.name, "rounds", layer.rounds);
    history_.append_layer(layer.name, "weighted_error", layer.weighted_error);
    append_distribution(layer, history_);
  }
  begin_epoch();
  return true;
}

void Training::conclude() {
  auto& values = history_.final_values;
  const auto best = best_row();
  if (!best) {  // no step was asked for: the initial network
    const auto [valid, test] = *scores([] { return false; });
    values = {{"best_epoch", std::int64_t{0}},
              {"valid_error", valid.error},
              {"test_error", test.error},
              {"test_loss", test.loss},
              {"valid_loss", valid.loss}};
  } else {
    values["best_epoch"] = history_.epochs.index[*best];
    for (const char* column : {"valid_error", "valid_loss", "test_error", "test_loss"}) {
      values[column] = (*history_.epochs.find(column))[*best];
    }
  }
  const auto* steps = history_.steps.find("seconds");
  const auto* epochs = history_.epochs.find("seconds");
  values["epochs"] = position_.epoch;
  values["steps"] = position_.steps;
  values["step_ms"] = 1000 * (steps ? median(*steps).value_or(0) : 0);
  values["seconds"] = epochs ? std::accumulate(epochs->begin(), epochs->end(), 0.0) : 0.0;
  values["peak_rss_mb"] = peak_memory_mib();
}

}  // namespace laq::train
