#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "record/checkpoint.hpp"
#include "support/scratch.hpp"
#include "support/tiny_training.hpp"
#include "train/training.hpp"

namespace laq::test {

/// Random pictures or text for a run's network, enough for some steps.
class RandomTask : public train::Task {
 public:
  RandomTask(const train::Run& run, std::int64_t steps)
      : Task(run.train.loss), batch_(run.train.batch), rows_(steps * run.train.batch) {
    at::manual_seed(1);
    const std::int64_t length = run.train.time_steps;
    text_ = length > 0;
    if (text_) {
      constexpr std::int64_t kVocabulary = 87;
      shape_ = {{}, kVocabulary};
      input_ = at::randint(kVocabulary, {rows_, length}, at::kLong);
      target_ = at::randint(kVocabulary, {rows_, length}, at::kLong);
    } else {
      shape_ = {run.dataset.shape, run.dataset.classes};
      std::vector<std::int64_t> sizes = run.dataset.shape;
      sizes.insert(sizes.begin(), rows_);
      input_ = at::randn(sizes);
      target_ = at::randint(run.dataset.classes, {rows_}, at::kLong);
    }
  }

  nn::Shape shape() const override { return shape_; }
  std::int64_t rows(data::Part part) const override {
    return part == data::Part::train ? rows_ : batch_;
  }
  std::int64_t evaluation_rows() const override { return batch_; }
  std::int64_t row_dimension() const override { return text_ ? 1 : 0; }
  train::Batch gather(data::Part, std::span<const std::int64_t> rows) const override {
    const at::Tensor at = at::tensor(at::IntArrayRef(rows.data(), rows.size()), at::kLong);
    const at::Tensor input = input_.index_select(0, at), target = target_.index_select(0, at);
    if (!text_) return {input, target};
    return {input.t().contiguous(), target.t().reshape({-1})};
  }

 private:
  std::int64_t batch_, rows_;
  bool text_ = false;
  nn::Shape shape_;
  at::Tensor input_, target_;
};

/// The first steps of a run on a device: their losses against the CPU's, and the same bytes again,
/// step by step, without a graph, with the data on the host, and stopped and restored. Prints the
/// largest difference of the losses, relative to the first, and what gives the same bytes; returns
/// what is wrong.
inline std::vector<std::string> compare_run(const std::string& name, const train::Run& run,
                                            c10::Device device) {
  constexpr std::int64_t kSteps = 20;
  constexpr double kMost = 0.1;  // small differences grow from step to step
  const RandomTask task(run, kSteps);
  const auto losses = [](const train::Training& training) {
    return *training.history().steps.find("loss");
  };
  train::Training here(run, task), there(run, task, {.device = device});
  go_on(here);
  go_on(there, kSteps, kSteps);
  double worst = 0;
  const auto expected = losses(here), found = losses(there);
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::abs(found[i] - expected[i]) / std::abs(expected[0]));
  fmt::print("{}: losses of the first {} steps differ from the CPU's by up to {:.1e}\n", name,
             found.size(), worst);
  std::vector<std::string> faults;
  if (!(worst < kMost) || found.size() != static_cast<std::size_t>(kSteps))
    faults.push_back(name + ": not the CPU's losses");
  const auto whole = bytes_of(there);
  const auto same = [&](const train::Training& other, const char* what) {
    const bool is_same = bytes_of(other) == whole && losses(other) == found;
    if (!is_same) faults.push_back(fmt::format("{}: {} gives other bytes", name, what));
    fmt::print("{}: {} gives {} bytes\n", name, what, is_same ? "the same" : "OTHER");
    std::fflush(stdout);
  };
  struct Way {
    const char* what;
    train::Execution execution;
    std::int64_t at_a_time = kSteps;
  };
  for (const Way& way :
       {Way{"a second run", {.device = device}}, Way{"one step at a time", {.device = device}, 1},
        Way{"a run without a graph", {.device = device, .graph = false}},
        Way{"data on the host", {.device = device, .resident = false}}}) {
    train::Training other(run, task, way.execution);
    go_on(other, kSteps, way.at_a_time);
    same(other, way.what);
  }
  const Scratch folder;
  train::Training first(run, task, {.device = device}), second(run, task, {.device = device});
  go_on(first, kSteps / 2, kSteps);
  record::write_checkpoint(folder / "checkpoint.h5", first.blobs(), first.checkpoint_state());
  second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
  go_on(second, kSteps, kSteps);
  same(second, "a resumed run");
  return faults;
}

}  // namespace laq::test
