#include "bench/lstm_steps.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "optim/proximal_adam.hpp"
#include "train/experiment.hpp"

namespace laq::bench {
namespace {

constexpr std::int64_t kVocabulary = 87, kUnits = 512;
constexpr double kTolerance = 1e-4;

struct Batch {
  at::Tensor characters, following;
};

std::vector<Batch> batches(int count) {
  at::manual_seed(1);
  std::vector<Batch> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({at::randint(kVocabulary, {100, 100}, at::kLong),
                   at::randint(kVocabulary, {100 * 100}, at::kLong)});
  }
  return all;
}

class Ours {
 public:
  Ours(const std::filesystem::path& configs, const std::string& method)
      : run_(train::resolve(configs, {"war_and_peace", method, "paper", 1, {}})) {
    config::Reader section(run_.tree.find("model"), "model");
    model_ = nn::make_model(section, {{}, kVocabulary}, 1);
    model_->clip_at_steps(run_.train.clip_at_steps);
    optimizer_ =
        std::make_unique<optim::ProximalAdam>(model_->layers(), run_.quantizer, run_.train.adam);
  }
  double step(const Batch& batch) {
    const at::Tensor loss =
        train::cross_entropy(model_->forward(batch.characters), batch.following);
    loss.backward();
    optimizer_->step(run_.schedule.rate(0));
    return loss.item<double>();
  }
  nn::Model& model() { return *model_; }

 private:
  train::Run run_;
  std::shared_ptr<nn::Model> model_;
  std::unique_ptr<optim::ProximalAdam> optimizer_;
};

// What one would write first: nn::LSTM on one-hot characters, clip_grad_value_, optim::Adam.
class Eager {
 public:
  explicit Eager(nn::Model& start) : lstm_(kVocabulary, kUnits), output_(kUnits, kVocabulary) {
    const at::NoGradGuard no_gradient;
    auto values = start.named_parameters();
    for (auto& item : lstm_->named_parameters()) item.value().copy_(values["lstm." + item.key()]);
    for (auto& item : output_->named_parameters())
      item.value().copy_(values["output." + item.key()]);
    lstm_->named_parameters()["bias_hh_l0"].set_requires_grad(false);  // as in ours
    for (const auto& parameter : lstm_->parameters()) {
      if (parameter.requires_grad()) parameters_.push_back(parameter);
    }
    for (const auto& parameter : output_->parameters()) parameters_.push_back(parameter);
    adam_ = std::make_unique<torch::optim::Adam>(parameters_, torch::optim::AdamOptions(0.002));
  }
  double step(const Batch& batch) {
    adam_->zero_grad();
    const at::Tensor input = at::one_hot(batch.characters, kVocabulary).to(at::kFloat);
    const at::Tensor scores = output_(std::get<0>(lstm_(input)).flatten(0, 1));
    const at::Tensor loss = at::cross_entropy_loss(scores, batch.following);
    loss.backward();
    torch::nn::utils::clip_grad_value_(parameters_, 5);
    adam_->step();
    return loss.item<double>();
  }

 private:
  torch::nn::LSTM lstm_;
  torch::nn::Linear output_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<torch::optim::Adam> adam_;
};

// The same weights and batches give the same losses: those after the first show the gradients.
void verify(const std::filesystem::path& configs, const std::vector<Batch>& data) {
  Ours ours(configs, "full");
  Eager eager(ours.model());
  for (int step = 0; step < 3; ++step) {
    const Batch& batch = data[static_cast<std::size_t>(step)];
    const double mine = ours.step(batch), theirs = eager.step(batch);
    if (std::abs(mine - theirs) <= kTolerance * theirs) continue;
    throw Error({.what = fmt::format("ours and the eager LSTM differ at step {}", step + 1),
                 .found = fmt::format("loss {:.7g}", mine),
                 .expected = fmt::format("{:.7g}", theirs)});
  }
}

}  // namespace

std::vector<Timing> measure_lstm_steps(const std::filesystem::path& configs, int rounds) {
  const auto data = batches(4);
  verify(configs, data);
  std::size_t next = 0;
  const auto batch = [&]() -> const Batch& { return data[next++ % data.size()]; };
  std::vector<Candidate> candidates;
  for (const std::string method : {"full", "late", "lata"}) {
    auto ours = std::make_shared<Ours>(configs, method);
    candidates.push_back({"lstm " + method, [ours, &batch] { ours->step(batch()); }});
  }
  Ours start(configs, "full");
  auto eager = std::make_shared<Eager>(start.model());
  candidates.push_back({"lstm eager full", [eager, &batch] { eager->step(batch()); }});
  return alternate(candidates, rounds);
}

}  // namespace laq::bench
