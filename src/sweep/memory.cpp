#include "sweep/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "nn/model.hpp"

namespace laq::sweep {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kProgram = 250;   // MiB: LibTorch, BLAS and their work space
constexpr double kSafety = 1.1;    // of a measured peak
constexpr int kRecordsOfKind = 4;  // read at most
// w, ŵ, gradient, two moments, codes of the last step, and a checkpoint's copies of the first five.
constexpr double kCopiesOfWeights = 12;
// Per activation: itself, its gradient, and what normalisation, nonlinearity and pooling keep.
constexpr double kCopiesOfActivations = 8;
// Multiplications behind one activation, at the least, in the networks of the papers.
constexpr double kFanIn = 250;

std::string kind_of(const Job& job) {
  const auto& run = job.run;
  return fmt::format("{} {} {} {} {} {}", run.dataset.name, run.canonical.at("model").dump(),
                     run.train.batch, run.train.time_steps, run.limits.train, run.characters);
}

double estimate(const train::Run& run) {
  const nn::Size size = run.model_size();
  const double features = std::accumulate(run.dataset.shape.begin(), run.dataset.shape.end(), 1.0,
                                          [](double a, auto b) { return a * double(b); });
  const auto& splits = run.dataset.splits;
  const double rows = double(splits.train) + double(splits.validation) + double(splits.test);
  const double data = rows * features * (sizeof(float) + 1);  // bytes as published, and whitened
  const double samples = run.samples_per_step();
  const double activations =
      samples * (features + size.multiplications / kFanIn) * sizeof(float) * kCopiesOfActivations;
  return kProgram + (data + size.weights * sizeof(float) * kCopiesOfWeights + activations) / kMiB;
}

}  // namespace

MemoryEstimate::MemoryEstimate(const Plan& plan) {
  for (const auto& job : plan.jobs) {
    if (job.done() && records_[kind_of(job)] < kRecordsOfKind) learn(job);
  }
}

double MemoryEstimate::mib(const Job& job) const {
  const auto peak = peaks_.find(kind_of(job));
  return peak == peaks_.end() ? estimate(job.run) : kSafety * peak->second;
}

bool MemoryEstimate::measured(const Job& job) const {
  return peaks_.contains(kind_of(job));
}

void MemoryEstimate::learn(const Job& job) {
  try {
    const auto record = read_record(job);
    const auto peak = record.history.final_number("peak_rss_mb");
    if (!peak) return;
    const std::string kind = kind_of(job);
    ++records_[kind];
    double& known = peaks_[kind];
    known = std::max(known, *peak);
  } catch (const std::exception&) {
    // Told where results are read.
  }
}

double memory_size(const std::string& text) {
  double number = 0;
  char unit[8] = "M";
  const int read = std::sscanf(text.c_str(), "%lf%7s", &number, unit);
  std::string suffix = read == 2 ? unit : "M";
  for (const char* ending : {"iB", "B", "b"}) {
    if (suffix.size() > 1 && suffix.ends_with(ending))
      suffix.erase(suffix.size() - std::string(ending).size());
  }
  const std::string units = "KMGT";
  const auto at = suffix.size() == 1 ? units.find(static_cast<char>(std::toupper(suffix[0])))
                                     : std::string::npos;
  if (read < 1 || at == std::string::npos || !(number > 0) || !std::isfinite(number)) {
    throw usage_error({.what = "wrong size of memory",
                       .where = "--memory",
                       .found = "'" + text + "'",
                       .expected = "a size such as 8G or 500M"});
  }
  return number * std::pow(1024.0, static_cast<double>(at) - 1);
}

}  // namespace laq::sweep
