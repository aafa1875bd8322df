#include "bench/eager.hpp"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <cmath>

namespace laq::bench {

std::pair<at::Tensor, double> eager_late(const at::Tensor& w, const at::Tensor& d) {
  const auto [a, order] = w.abs().flatten().sort(0, true);
  const at::Tensor weight = d.flatten().index_select(0, order);
  const at::Tensor s = (weight * a).to(at::kDouble).cumsum(0);
  const at::Tensor total = weight.to(at::kDouble).cumsum(0);
  const auto best = (s * s / total).argmax().item<std::int64_t>();
  const double alpha = s[best].item<double>() / total[best].item<double>();
  return {w.sign() * (w.abs() > alpha / 2) * alpha, alpha};
}

std::pair<at::Tensor, double> eager_lata(const at::Tensor& w, const at::Tensor& d) {
  at::Tensor b = w.sign() * (w.abs() > 0.7 * w.abs().mean());
  double alpha = 0;
  for (int round = 0; round < 10; ++round) {
    const double before = alpha;
    alpha =
        (d * b * w).sum(at::kDouble).item<double>() / (d * b * b).sum(at::kDouble).item<double>();
    b = w.sign() * (w.abs() > alpha / 2);
    if (round > 0 && std::abs(alpha - before) < 1e-6) break;
  }
  return {b * alpha, alpha};
}

std::pair<at::Tensor, double> eager_twn(const at::Tensor& w) {
  const at::Tensor mask = w.abs() > 0.7 * w.abs().mean();
  const double alpha = (w.abs() * mask).sum(at::kDouble).item<double>() / mask.sum().item<double>();
  return {w.sign() * mask * alpha, alpha};
}

struct EagerTraining::State {
  bool late;
  torch::nn::Sequential net;
  std::unique_ptr<torch::optim::Adam> adam;
  std::vector<at::Tensor> weights, latent;
};

EagerTraining::EagerTraining(bool late, std::uint64_t seed) : state_(std::make_unique<State>()) {
  torch::manual_seed(seed);
  state_->late = late;
  std::int64_t inputs = 784;
  for (const std::int64_t width : {2048, 2048, 2048, 10}) {
    torch::nn::Linear dense(inputs, width);
    state_->weights.push_back(dense->weight);
    state_->net->push_back(dense);
    state_->net->push_back(
        torch::nn::BatchNorm1d(torch::nn::BatchNormOptions(width).eps(1e-4).momentum(0.1)));
    if (width != 10) state_->net->push_back(torch::nn::ReLU());
    inputs = width;
  }
  state_->adam = std::make_unique<torch::optim::Adam>(state_->net->parameters(),
                                                      torch::optim::AdamOptions(0.01));
  for (const auto& weight : state_->weights) state_->latent.push_back(weight.detach().clone());
}

EagerTraining::~EagerTraining() = default;

std::vector<at::Tensor> EagerTraining::parameters() const {
  return state_->net->parameters();
}

void EagerTraining::set_parameters(const std::vector<at::Tensor>& values) {
  const at::NoGradGuard no_gradient;
  const auto own = parameters();
  for (std::size_t i = 0; i < own.size(); ++i) own[i].copy_(values[i]);
  for (std::size_t i = 0; i < state_->weights.size(); ++i)
    state_->latent[i].copy_(state_->weights[i]);
}

void EagerTraining::step(const at::Tensor& input, const at::Tensor& labels) {
  State& s = *state_;
  if (s.late) {
    const at::NoGradGuard no_gradient;
    for (std::size_t i = 0; i < s.weights.size(); ++i) {
      auto& states = s.adam->state();
      const auto found = states.find(c10::guts::to_string(s.weights[i].unsafeGetTensorImpl()));
      const at::Tensor v =
          found == states.end()
              ? at::zeros_like(s.latent[i])
              : static_cast<torch::optim::AdamParamState&>(*found->second).exp_avg_sq();
      s.weights[i].copy_(eager_late(s.latent[i], v.sqrt() + 1e-8).first);
    }
  }
  s.adam->zero_grad();
  const at::Tensor output = s.net->forward(input.flatten(1));
  const at::Tensor targets = at::full_like(output.detach(), -1).scatter_(1, labels.unsqueeze(1), 1);
  (1 - targets * output).clamp_min(0).square().mean().backward();
  const at::NoGradGuard no_gradient;
  if (s.late) {
    for (std::size_t i = 0; i < s.weights.size(); ++i) s.weights[i].copy_(s.latent[i]);
  }
  s.adam->step();
  if (s.late) {
    for (std::size_t i = 0; i < s.weights.size(); ++i) s.latent[i].copy_(s.weights[i].clamp(-1, 1));
  }
}

}  // namespace laq::bench
