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

struct Batch {
  at::Tensor input, labels;
};

// What is measured: an experiment, its eager version, and inputs like its data. Pictures are not
// needed: what costs time is the size.
struct Subject {
  std::string experiment;
  Network network;
  std::vector<Batch> (*batches)(int count);
  /// Relative, of a layer's weights after two steps. Adam's first steps are ±learning rate, so a
  /// gradient that is only rounding noise moves its weight either way, and what is behind it.
  double tolerance;
};

// With MNIST's share of zeros.
std::vector<Batch> digits(int count) {
  std::vector<Batch> all;
  for (int i = 0; i < count; ++i) {
    const at::Tensor on = at::rand({100, 1, 28, 28}).gt(0.8).to(at::kFloat);
    all.push_back({on * at::rand({100, 1, 28, 28}), at::randint(10, {100}, at::kLong)});
  }
  return all;
}

std::vector<Batch> whitened_pictures(int count) {
  std::vector<Batch> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({at::randn({50, 3, 32, 32}), at::randint(10, {50}, at::kLong)});
  }
  return all;
}

const Subject kMnist{"mnist", Network::mlp, digits, 0.03};
// Nine layers deep; second steps of independent signs would differ by 0.4 in the widest layer.
const Subject kCifar{"cifar10", Network::vgg, whitened_pictures, 0.15};

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).norm().item<double>() / b.norm().item<double>();
}

// Both sides start from the same weights and see the same batches; afterwards their weights must
// agree.
void verify(const std::filesystem::path& configs, const Subject& subject, const std::string& method,
            bool late) {
  const at::NoGradGuard no_gradient;
  OurTraining ours(configs, subject.experiment, method);
  EagerTraining eager(subject.network, late, ours.learning_rate(), 1);
  std::vector<at::Tensor> start;
  for (const auto& layer : ours.model().layers()) start.push_back(layer.tensor.detach().clone());
  const auto state = ours.optimizer().state();
  for (std::size_t i = 0; i < start.size(); ++i) {
    for (const auto& [name, tensor] : state) {
      if (name == ours.model().layers()[i].name + ":latent") start[i] = tensor.clone();
    }
  }
  eager.set_parameters(start);
  for (const auto& batch : subject.batches(2)) {
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
      if (difference > subject.tolerance)
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
    if (difference > subject.tolerance)
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

// Likewise of the convolutional network, in the layout that it computes in.
void convolutional_products(const std::vector<at::Tensor>& weights) {
  const at::NoGradGuard no_gradient;
  std::int64_t side = 32;
  std::vector<at::Tensor> dense;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const at::Tensor& w = weights[i];
    if (w.dim() == 2) {
      dense.push_back(w);
      continue;
    }
    const auto nhwc = at::TensorOptions().memory_format(at::MemoryFormat::ChannelsLast);
    const at::Tensor x = at::empty({50, w.size(1), side, side}, nhwc);
    const at::Tensor y = at::conv2d(x, w, {}, 1, 1);
    at::convolution_backward(y, x, w, at::OptionalIntArrayRef(), {1, 1}, {1, 1}, {1, 1}, false,
                             {0, 0}, 1, {i > 0, true, false});
    if (i % 2) side /= 2;
  }
  for (const auto& w : dense) {
    const at::Tensor x = at::empty({50, w.size(1)}), g = at::empty({50, w.size(0)});
    at::linear(x, w);
    g.mm(w);
    g.t().mm(x);
  }
}

// Steps of one subject, each on the next batch.
class Steps {
 public:
  Steps(const std::filesystem::path& configs, const Subject& subject)
      : configs_(configs),
        subject_(subject),
        batches_(std::make_shared<std::vector<Batch>>(subject.batches(8))) {}

  void add_ours(const std::string& method) {
    auto training = std::make_shared<OurTraining>(configs_, subject_.experiment, method);
    if (candidates_.empty()) first_ = training;
    add(method, training);
  }

  void add_eager(const std::string& name, bool late) {
    add(name, std::make_shared<EagerTraining>(subject_.network, late, first_->learning_rate(), 1));
  }

  void add_products(void (*products)(const std::vector<at::Tensor>&)) {
    std::vector<at::Tensor> weights;
    for (const auto& layer : first_->model().layers()) {
      if (layer.quantizable) weights.push_back(layer.tensor.detach());
    }
    candidates_.push_back({"products", [weights, products] { products(weights); }});
  }

  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  template <typename Training>
  void add(const std::string& name, std::shared_ptr<Training> training) {
    candidates_.push_back({name, [training, batches = batches_, next = std::size_t{0}]() mutable {
                             const Batch& batch = (*batches)[next++ % batches->size()];
                             training->step(batch.input, batch.labels);
                           }});
  }

  const std::filesystem::path& configs_;
  const Subject& subject_;
  std::shared_ptr<std::vector<Batch>> batches_;
  std::shared_ptr<OurTraining> first_;
  std::vector<Candidate> candidates_;
};

// The scales settle in the first steps of some thousands, and only then is a step an ordinary one.
constexpr int kSettling = 60;

}  // namespace

StepResults measure_steps(const std::filesystem::path& configs, int rounds) {
  verify(configs, kMnist, "full", false);
  verify(configs, kMnist, "late", true);
  Steps steps(configs, kMnist);
  steps.add_ours("full");
  for (const auto& method : kMethods) steps.add_ours(method);
  steps.add_eager("eager full", false);
  steps.add_products(products);
  StepResults results;
  results.timings = alternate(steps.candidates(), rounds, kSettling);

  Steps sorting(configs, kMnist);
  sorting.add_ours("late");
  for (int i = 0; i < kSettling; ++i) sorting.candidates().front().run();
  sorting.add_eager("eager sorting LATe", true);
  results.sorting = alternate(sorting.candidates(), 5);
  return results;
}

std::vector<Timing> measure_convolutional_steps(const std::filesystem::path& configs, int rounds) {
  verify(configs, kCifar, "full", false);
  verify(configs, kCifar, "late", true);
  Steps steps(configs, kCifar);
  steps.add_ours("full");
  steps.add_ours("late");
  steps.add_eager("eager full", false);
  steps.add_products(convolutional_products);
  for (int i = 0; i < kSettling; ++i) steps.candidates()[1].run();
  return alternate(steps.candidates(), rounds);
}

double convolutional_operations(const std::filesystem::path& configs) {
  const auto run = train::resolve(configs, {"cifar10", "late", "paper", 1, {}});
  config::Reader section(run.tree.find("model"), "model");
  const nn::Size size = nn::model_size(section, {run.dataset.shape, run.dataset.classes});
  // Forward, to inputs, to weights, of which the first layer lacks the second: a small part.
  return 6 * size.multiplications * static_cast<double>(run.train.batch);
}

}  // namespace laq::bench
