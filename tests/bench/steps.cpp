#include "bench/steps.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "bench/eager.hpp"
#include "bench/our_training.hpp"
#include "core/error.hpp"
#include "core/machine.hpp"

namespace laq::bench {
namespace {

const std::vector<std::string> kMethods = {"late",        "lata",     "lat2e",  "lat2a",
                                           "laq3_linear", "laq3_log", "bwn",    "lab",
                                           "twn",         "ttq",      "dorefa3"};

// Relative, of a layer's weights. Adam's first steps are ±learning rate, so a gradient that is only
// rounding noise moves its weight either way.
constexpr double kTolerance = 0.03;

struct Batch {
  at::Tensor input, labels;
};

// Blurred digits are not needed: what costs time is the size. The inputs have MNIST's share of
// zeros.
std::vector<Batch> batches(int count) {
  std::vector<Batch> all;
  for (int i = 0; i < count; ++i) {
    const at::Tensor on = at::rand({100, 1, 28, 28}).gt(0.8).to(at::kFloat);
    all.push_back({on * at::rand({100, 1, 28, 28}), at::randint(10, {100}, at::kLong)});
  }
  return all;
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).norm().item<double>() / b.norm().item<double>();
}

// Both sides start from the same weights and see the same batches; afterwards their weights must
// agree.
void verify(const std::filesystem::path& configs, const std::string& method, bool late) {
  const at::NoGradGuard no_gradient;
  OurTraining ours(configs, method);
  EagerTraining eager(late, 1);
  std::vector<at::Tensor> start;
  for (const auto& layer : ours.model().layers()) start.push_back(layer.tensor.detach().clone());
  const auto state = ours.optimizer().state();
  for (std::size_t i = 0; i < start.size(); ++i) {
    for (const auto& [name, tensor] : state) {
      if (name == ours.model().layers()[i].name + ":latent") start[i] = tensor.clone();
    }
  }
  eager.set_parameters(start);
  for (const auto& batch : batches(2)) {
    const at::AutoGradMode gradients(true);
    ours.step(batch.input, batch.labels);
    eager.step(batch.input, batch.labels);
  }
  const auto theirs = eager.parameters();
  for (const auto& [name, tensor] : ours.optimizer().state()) {
    for (std::size_t i = 0; i < start.size(); ++i) {
      const std::string& layer = ours.model().layers()[i].name;
      if (!late || name != layer + ":latent") continue;
      const double difference = relative_difference(tensor, theirs[i]);
      if (difference > kTolerance)
        throw Error({.what = fmt::format("{} and its eager version differ", method),
                     .where = layer,
                     .found = fmt::format("{:.3g} relative", difference)});
    }
  }
  if (late) return;
  for (std::size_t i = 0; i < start.size(); ++i) {
    const auto& layer = ours.model().layers()[i];
    if (!layer.quantizable) continue;
    const double difference = relative_difference(layer.tensor, theirs[i]);
    if (difference > kTolerance)
      throw Error({.what = "full precision and its eager version differ",
                   .where = layer.name,
                   .found = fmt::format("{:.3g} relative", difference)});
  }
}

// The matrix products of one step alone: forward, to inputs (not of the first layer), to weights.
void products(const std::vector<at::Tensor>& weights) {
  const at::NoGradGuard no_gradient;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const at::Tensor& w = weights[i];
    const at::Tensor x = at::empty({100, w.size(1)}), g = at::empty({100, w.size(0)});
    at::linear(x, w);
    if (i > 0) g.mm(w);
    g.t().mm(x);
  }
}

}  // namespace

StepResults measure_steps(const std::filesystem::path& configs, int rounds) {
  verify(configs, "full", false);
  verify(configs, "late", true);
  const auto data = batches(8);
  std::size_t next = 0;
  const auto batch = [&]() -> const Batch& { return data[next++ % data.size()]; };
  std::vector<Candidate> candidates;
  std::vector<std::shared_ptr<OurTraining>> ours;
  const auto add = [&](const std::string& method) {
    auto training = std::make_shared<OurTraining>(configs, method);
    ours.push_back(training);
    candidates.push_back({method, [training, &batch] {
                            const Batch& one = batch();
                            training->step(one.input, one.labels);
                          }});
  };
  add("full");
  for (const auto& method : kMethods) add(method);
  auto eager = std::make_shared<EagerTraining>(false, 1);
  candidates.push_back({"eager full", [eager, &batch] {
                          const Batch& one = batch();
                          eager->step(one.input, one.labels);
                        }});
  std::vector<at::Tensor> weights;
  for (const auto& layer : ours.front()->model().layers()) {
    if (layer.quantizable) weights.push_back(layer.tensor.detach());
  }
  candidates.push_back({"products", [weights] { products(weights); }});
  StepResults results;
  // The scales settle in the first steps of some thousands, and only then is a step an ordinary
  // one.
  constexpr int kSettling = 60;
  results.timings = alternate(candidates, rounds, kSettling);

  auto sorting = std::make_shared<EagerTraining>(true, 1);
  results.sorting = alternate({{"late", candidates[1].run},
                               {"eager sorting LATe",
                                [sorting, &batch] {
                                  const Batch& one = batch();
                                  sorting->step(one.input, one.labels);
                                }}},
                              5);
  return results;
}

}  // namespace laq::bench
