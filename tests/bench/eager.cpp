#include "bench/eager.hpp"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>
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

namespace {

torch::nn::BatchNormOptions norm_options(std::int64_t units) {
  return torch::nn::BatchNormOptions(units).eps(1e-4).momentum(0.1);
}

void add_convolutions(std::int64_t width, torch::nn::Sequential& net,
                      std::vector<at::Tensor>& weights) {
  std::int64_t inputs = 3;
  for (int i = 0; i < 6; ++i) {
    const std::int64_t outputs = width << (i / 2);
    torch::nn::Conv2d conv(torch::nn::Conv2dOptions(inputs, outputs, 3).padding(1));
    weights.push_back(conv->weight);
    net->push_back(conv);
    if (i % 2) net->push_back(torch::nn::MaxPool2d(2));
    net->push_back(torch::nn::BatchNorm2d(norm_options(outputs)));
    net->push_back(torch::nn::ReLU());
    inputs = outputs;
  }
}

void add_dense(const std::vector<std::int64_t>& widths, torch::nn::Sequential& net,
               std::vector<at::Tensor>& weights) {
  net->push_back(torch::nn::Flatten());
  for (std::size_t i = 1; i < widths.size(); ++i) {
    torch::nn::Linear dense(widths[i - 1], widths[i]);
    weights.push_back(dense->weight);
    net->push_back(dense);
    net->push_back(torch::nn::BatchNorm1d(norm_options(widths[i])));
    if (i + 1 < widths.size()) net->push_back(torch::nn::ReLU());
  }
}

}  // namespace

EagerTraining::EagerTraining(Network network, bool late, double learning_rate, std::uint64_t seed)
    : state_(std::make_unique<State>()) {
  torch::manual_seed(seed);
  state_->late = late;
  if (network == Network::vgg) {
    add_convolutions(128, state_->net, state_->weights);
    add_dense({512 * 4 * 4, 1024, 1024, 10}, state_->net, state_->weights);
  } else {
    add_dense({784, 2048, 2048, 2048, 10}, state_->net, state_->weights);
  }
  state_->adam = std::make_unique<torch::optim::Adam>(state_->net->parameters(),
                                                      torch::optim::AdamOptions(learning_rate));
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
  const at::Tensor output = s.net->forward(input);
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
