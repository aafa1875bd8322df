#include "sweep/estimate.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "core/threads.hpp"
#include "nn/dense.hpp"
#include "nn/model.hpp"
#include "train/torch_info.hpp"

namespace laq::sweep {
namespace {

// Besides its matrix products a step moves weights and moments through memory.
constexpr double kOverhead = 1.6;
constexpr std::size_t kRecordsRead = 8;

// In a layer's product; the quickest of some, as other programs may be at work.
double time_of_operation(int threads) {
  const WithThreads as_a_run(threads);
  train::set_threads(threads);
  const at::NoGradGuard no_gradient;
  const at::Tensor x = at::ones({100, 1024}), weight = at::ones({1024, 1024}),
                   bias = at::ones({1024});
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 20; ++i) {
    const auto start = Clock::now();
    nn::dense(x, weight, bias);
    least = std::min(least, since(start));
  }
  return least / (2.0 * 100 * 1024 * 1024);
}

}  // namespace

Estimate::Estimate(const Plan& plan, int side_by_side)
    : plan_(plan),
      side_by_side_(side_by_side),
      seconds_per_operation_(time_of_operation(threads_for(side_by_side))) {
  std::size_t read = 0;
  for (const auto& job : plan.jobs) {
    if (job.done() && read++ < kRecordsRead) learn(job);
  }
}

// Multiplications and additions of the training: forward, and backward to inputs and weights.
double Estimate::cost(const Job& job) const {
  const double products = job.run.model_size().multiplications;
  double samples = job.run.samples_per_epoch() * static_cast<double>(job.run.train.epochs);
  if (job.run.train.max_steps > 0) {
    samples = std::min(samples,
                       static_cast<double>(job.run.train.max_steps) * job.run.samples_per_step());
  }
  return 6 * products * samples;
}

void Estimate::learn(const Job& job) {
  try {
    const auto record = read_record(job);
    const auto spent = record.history.final_number("seconds");
    if (!spent) return;
    Known* known = nullptr;
    for (auto& [experiment, one] : known_)
      known = experiment == job.run.request.experiment ? &one : known;
    if (!known) known = &known_.emplace_back(job.run.request.experiment, Known{}).second;
    known->seconds += *spent;
    known->cost += cost(job);
    ++known->runs;
  } catch (const Error&) {
    // An unreadable record is reported where results are read; here it only teaches nothing.
  }
}

double Estimate::seconds(const Job& job) const {
  for (const auto& [experiment, known] : known_) {
    if (experiment == job.run.request.experiment && known.cost > 0)
      return known.seconds / known.cost * cost(job);
  }
  return cost(job) * seconds_per_operation_ * kOverhead;
}

std::string Estimate::source() const {
  std::size_t runs = 0;
  bool all = true;
  for (const auto& [experiment, known] : known_) runs += known.runs;
  for (const auto& job : plan_.jobs) {
    const bool known = std::any_of(known_.begin(), known_.end(), [&](const auto& one) {
      return one.first == job.run.request.experiment;
    });
    all = all && (known || job.done());
  }
  if (runs == 0) return "a guess from sizes and one product timed now";
  return fmt::format("from {} measured here{}", counted(runs, "run"),
                     all ? "" : ", the rest a guess");
}

double Estimate::seconds_left() const {
  double total = 0;
  for (const auto& job : plan_.jobs) {
    if (job.state == record::State::queued || job.state == record::State::interrupted)
      total += seconds(job);
  }
  return total / side_by_side_;
}

}  // namespace laq::sweep
