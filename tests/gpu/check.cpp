#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_profiler_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "core/median.hpp"
#include "gpu/lstm.hpp"
#include "gpu/runs.hpp"
#include "nn/model.hpp"
#include "optim/proximal_adam.hpp"
#include "support/layers.hpp"
#include "support/methods.hpp"
#include "train/experiment.hpp"
#include "train/loss.hpp"
#include "train/torch_info.hpp"

// `make gpu-check`: every method on a GPU against the CPU, then the time of a training step.

namespace laq::test {
namespace {

using optim::ProximalAdam;

int faults = 0;
std::FILE* page = nullptr;  // a copy of what is printed

void tell(const std::string& text) {
  for (std::FILE* to : {stdout, page}) {
    if (to) fmt::print(to, "{}", text);
  }
  std::fflush(stdout);
}

void fault(const std::string& what) {
  ++faults;
  tell(fmt::format("FAULT {}\n", what));
}

// ——— the same as the CPU

/// The shapes that take the two paths: sums gathered in Adam's pass, and blocks that look at all.
std::vector<nn::Parameter> weights() {
  return {layer("w", {96, 1000}, true, 0.2, 4), layer("u", {60, 33}, true, 0.1),
          layer("b", {24}, false)};
}

struct Difference {
  double latent = 0, scales = 0, other_level = 0;
  std::int64_t lost = 0;
};

/// Some steps with the same gradients on both.
Difference compare(const Method& method, quant::Grouping grouping, std::int64_t small_group,
                   const optim::AdamOptions& options) {
  const auto here = weights();
  std::vector<nn::Parameter> there = here;
  for (auto& parameter : there) {
    parameter.tensor = parameter.tensor.detach().to(at::kCUDA);
    parameter.tensor.set_requires_grad(true);
  }
  const quant::Quantization quantizer{method.quantizer, grouping};
  ProximalAdam expected(here, quantizer, options);
  ProximalAdam found(there, quantizer, options, optim::ByKernels{small_group});
  constexpr int kSteps = 10;
  Difference all;
  for (int step = 1; step <= kSteps; ++step) {
    for (std::size_t i = 0; i < here.size(); ++i) {
      set_gradient(here[i], step);
      there[i].tensor.mutable_grad() = here[i].tensor.grad().to(at::kCUDA);
    }
    const double rate = step < 4 ? 1e-3 : 1e-5;
    const optim::Progress progress(step, kSteps);
    expected.step(rate, progress);
    found.step(rate, progress);
    if (step > 8) all.lost += found.windows_lost();
  }
  const auto a = found.state(), b = expected.state();
  for (const auto& [name, tensor] : a) {
    const auto same = std::find_if(
        b.begin(), b.end(), [&, &named = name](const auto& one) { return one.first == named; });
    if (same == b.end()) continue;
    const at::Tensor one = tensor.to(at::kCPU, at::kDouble), other = same->second.to(at::kDouble);
    const double largest = (one - other).abs().max().item<double>();
    if (name.ends_with(":latent")) all.latent = std::max(all.latent, largest);
    if (name.ends_with(":scales"))
      all.scales = std::max(all.scales, largest / other.abs().max().item<double>());
  }
  for (std::size_t i = 0; i + 1 < here.size(); ++i) {
    const at::Tensor one = there[i].tensor.to(at::kCPU);
    const at::Tensor away = (one - here[i].tensor).abs();
    all.other_level =
        std::max(all.other_level, away.gt(1e-4).to(at::kDouble).mean().item<double>());
  }
  const auto reports = found.report(), reported = expected.report();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto& one = reports[i];
    const auto& other = reported[i];
    const bool close =
        one.codes == other.codes && std::abs(one.zero_fraction - other.zero_fraction) < 0.01 &&
        std::abs(one.flips - other.flips) < 0.01 &&
        std::abs(one.weighted_error - other.weighted_error) <= 1e-2 * other.weighted_error &&
        one.gap.has_value() == other.gap.has_value() &&
        (!one.gap || std::abs(*one.gap - *other.gap) < 1e-4);
    if (!close) fault(fmt::format("the report of {} differs from the CPU's", method.name));
  }
  return all;
}

void compare_all() {
  // All that have a file in configs/methods, and a part of the other combinations.
  constexpr std::size_t kOneOf = 4;
  std::vector<Method> methods;
  for (const auto* list : {&all_methods(), &relaxed_methods()}) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!(*list)[i].name.starts_with('{') || i % kOneOf == 0) methods.push_back((*list)[i]);
    }
  }
  int cases = 0;
  Difference worst;
  std::int64_t lost = 0;
  for (const auto& method : methods) {
    for (const auto grouping : {quant::Grouping::tensor, quant::Grouping::row}) {
      for (const std::int64_t small_group : {std::int64_t{0}, kernels::kSmallGroup}) {
        const Difference one = compare(method, grouping, small_group, {.clip_gradient = 0.5});
        ++cases;
        worst.latent = std::max(worst.latent, one.latent);
        worst.scales = std::max(worst.scales, one.scales);
        worst.other_level = std::max(worst.other_level, one.other_level);
        lost += one.lost;
        if (!(one.latent < 1e-5) || !(one.scales < 1e-4) || !(one.other_level < 0.01))
          fault(fmt::format("{} {} {}: latent {:.1e}, scales {:.1e}, other level {:.4f}",
                            method.name, grouping == quant::Grouping::row ? "row" : "tensor",
                            small_group, one.latent, one.scales, one.other_level));
      }
    }
  }
  tell(fmt::format(
      "{} cases against the CPU: latent weights differ by up to {:.1e}, scales by {:.1e} "
      "relative, {:.4f} of the weights on another level, {} windows lost\n",
      cases, worst.latent, worst.scales, worst.other_level, lost));
}

train::Run resolved(const std::string& experiment, const std::string& method,
                    const std::vector<std::string>& settings) {
  std::vector<config::Override> overrides;
  for (const auto& word : settings) overrides.push_back(config::parse_override(word));
  return train::resolve(LAQ_SOURCE_DIR "/configs", {experiment, method, "paper", 1, overrides});
}

// ——— step times

/// A network's step on one batch that stays on the device, captured in a CUDA graph.
class CapturedStep {
 public:
  CapturedStep(const std::string& experiment, const std::string& method,
               const std::vector<std::string>& settings, bool capture = true)
      : run_(resolved(experiment, method, settings)) {
    config::Reader section(run_.tree.find("model"), "model");
    const bool text = run_.train.time_steps > 0;
    const std::int64_t vocabulary = 87;
    model_ = text ? nn::make_model(section, {{}, vocabulary}, 1)
                  : nn::make_model(section, {run_.dataset.shape, run_.dataset.classes}, 1);
    model_->to(at::kCUDA);
    model_->clip_at_steps(run_.train.clip_at_steps);
    at::manual_seed(1);
    if (text) {
      input_ = at::randint(vocabulary, {run_.train.time_steps, run_.train.batch}, at::kLong);
      target_ = at::randint(vocabulary, {run_.train.time_steps * run_.train.batch}, at::kLong);
    } else {
      std::vector<std::int64_t> shape{run_.train.batch};
      for (const auto size : run_.dataset.shape) shape.push_back(size);
      input_ = at::randn(shape);
      target_ = at::randint(run_.dataset.classes, {run_.train.batch}, at::kLong);
    }
    input_ = input_.to(at::kCUDA);
    target_ = target_.to(at::kCUDA);
    optimizer_ = std::make_unique<ProximalAdam>(model_->layers(), run_.quantizer, run_.train.adam);
    optimizer_->prepare(run_.schedule.rate(0), optim::Progress(0, 1e6));
    for (int i = 0; i < 5; ++i) step();
    c10::cuda::getCurrentCUDAStream().synchronize();
    if (!capture) return;
    graph_.capture_begin();
    step();
    graph_.capture_end();
    for (int i = 0; i < 200; ++i) graph_.replay();  // windows settle
  }

  /// Milliseconds a step.
  double time(int repeats) {
    at::cuda::CUDAEvent begin(cudaEventDefault), end(cudaEventDefault);
    begin.record();
    for (int i = 0; i < repeats; ++i) graph_.replay();
    end.record();
    end.synchronize();
    return static_cast<double>(begin.elapsed_time(end)) / repeats;
  }
  /// One step of many for a profiler (ncu --profile-from-start off).
  void profile() {
    for (int i = 0; i < 150; ++i) step();
    c10::cuda::getCurrentCUDAStream().synchronize();
    cudaProfilerStart();
    step();
    c10::cuda::getCurrentCUDAStream().synchronize();
    cudaProfilerStop();
  }
  std::int64_t lost() const { return optimizer_->windows_lost(); }

 private:
  void step() {
    const at::Tensor loss = train::loss(run_.train.loss, model_->forward(input_), target_);
    loss.backward();
    optimizer_->update();
  }

  train::Run run_;
  std::shared_ptr<nn::Model> model_;
  std::unique_ptr<ProximalAdam> optimizer_;
  at::Tensor input_, target_;
  at::cuda::CUDAGraph graph_;
};

struct Case {
  std::string name, method;
  std::vector<std::string> settings;
  double goal;  // of full precision
};

void time_network(const std::string& title, const std::string& experiment,
                  const std::vector<Case>& cases, double full_goal, int repeats) {
  std::vector<std::unique_ptr<CapturedStep>> steps;
  std::vector<std::vector<double>> times(cases.size());
  std::vector<std::int64_t> lost(cases.size());
  for (const auto& one : cases)
    steps.push_back(std::make_unique<CapturedStep>(experiment, one.method, one.settings));
  constexpr int kRounds = 7;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      times[i].push_back(steps[i]->time(repeats));
      lost[i] += steps[i]->lost();
    }
  }
  tell(fmt::format(
      "\n| {} | ms a step | of full precision | goal | windows lost, {} looks |\n| --- | --- | --- "
      "| --- | --- |\n",
      title, kRounds));
  const double full = *median(times[0]);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const double here = *median(times[i]);
    const double value = i == 0 ? here : here / full, goal = i == 0 ? full_goal : cases[i].goal;
    const bool missed = goal > 0 && value > goal;
    tell(fmt::format("| {} | {:.4f} | {:.3f} | {}{} | {} |\n", cases[i].name, here, here / full,
                     goal > 0 ? fmt::format("{:.2f}{}", goal, i == 0 ? " ms" : "") : "",
                     missed ? " MISSED" : "", lost[i]));
    if (missed) ++faults;
  }
}

int run(const std::string& part, const std::vector<std::string>& names) {
  if (!at::hasCUDA() || !at::cuda::is_available()) {
    fmt::print(stderr, "gpu-check: no GPU, or a LibTorch without CUDA\n");
    return 1;
  }
  tell(fmt::format("{}; LibTorch {}\n\n", at::cuda::getCurrentDeviceProperties()->name,
                   train::libtorch_version()));
  train::prepare_device(at::kCUDA);
  train::set_threads(2);
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
  if (part == "compare" || part.empty()) {
    if (names.empty()) {
      compare_all();
      for (const auto& one : compare_lstm()) fault(one);
    }
    const std::vector<std::string> all = {"mnist", "cifar10", "war_and_peace"};
    for (const auto& name : names.empty() ? all : names) {
      for (const auto& one :
           compare_run(name, resolved(name, "late", {"train.epochs=1"}), at::kCUDA))
        fault(one);
    }
  }
  if (part == "profile") {  // METHOD or METHOD:GROUP …
    for (const auto& name : names) {
      const auto colon = std::min(name.find(':'), name.size());
      std::vector<std::string> settings;
      if (colon < name.size()) settings.push_back("quantizer.group=" + name.substr(colon + 1));
      CapturedStep("mnist", name.substr(0, colon), settings, /*capture=*/false).profile();
    }
    return 0;
  }
  const double nearly = 1.12;
  if (part == "mnist" || part.empty()) {
    std::vector<Case> cases = {{"full precision", "full", {}, 0}};
    for (const char* name :
         {"late", "lata", "lat2e", "lat2a", "laq3_linear", "laq3_log", "laq3_linear_released",
          "laq3_log_released", "ttq", "twn", "bwn", "lab", "dorefa3", "lsq2", "lq_nets2"})
      cases.push_back({name, name, {}, nearly});
    for (const char* name : {"late", "lata", "lab"})
      cases.push_back({std::string(name) + " by row", name, {"quantizer.group=row"}, 1.3});
    time_network("MNIST 784-2048×3-10, batch 100", "mnist", cases, 0.59, 60);
  }
  if (part == "cifar" || part.empty())
    time_network(
        "CIFAR-10 network, K = 128, batch 50", "cifar10",
        {{"full precision", "full", {}, 0}, {"late", "late", {}, 1.05}, {"lata", "lata", {}, 1.05}},
        7.3, 10);
  if (part == "lstm" || part.empty())
    time_network(
        "LSTM 512, 100 × 100 characters", "war_and_peace",
        {{"full precision", "full", {}, 0}, {"late", "late", {}, 1.05}, {"lata", "lata", {}, 1.05}},
        5.0, 10);
  tell(fmt::format(
      "\n{}\n", faults == 0 ? "all goals met" : fmt::format("{} faults or missed goals", faults)));
  return faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace laq::test

// laq_gpu_check [--out PAGE] [compare [EXPERIMENT …] | mnist | cifar | lstm | profile METHOD …]
int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 2 && words[0] == "--out") {
    laq::test::page = std::fopen(words[1].c_str(), "w");
    if (!laq::test::page) {
      fmt::print(stderr, "gpu-check: {}: cannot write\n", words[1]);
      return 1;
    }
    words.erase(words.begin(), words.begin() + 2);
  }
  const std::string part = words.empty() ? "" : words[0];
  const int status = laq::test::run(part, {words.begin() + (words.empty() ? 0 : 1), words.end()});
  if (laq::test::page && std::fclose(laq::test::page) != 0) return 1;
  return status;
}
