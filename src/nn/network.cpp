#include "nn/network.hpp"

#include <ATen/ATen.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/rnn.h>

#include "nn/dense.hpp"
#include "nn/recurrent.hpp"

namespace laq::nn {
namespace {

constexpr double kRecurrentHalfWidth = 0.08, kForgetBias = 1;

// A layer for rows of features, applied to each step of a sequence.
template <typename Apply>
at::Tensor by_rows(const at::Tensor& x, const Apply& apply) {
  if (x.dim() != 3) return apply(x);
  return apply(x.flatten(0, 1)).unflatten(0, {x.size(0), x.size(1)});
}

bool convolves(const std::vector<PlannedLayer>& layers) {
  for (const PlannedLayer& layer : layers) {
    if (layer.spec.kind == LayerKind::conv || convolves(layer.layers)) return true;
  }
  return false;
}

at::Tensor activate(LayerKind kind, const at::Tensor& x) {
  return kind == LayerKind::tanh ? x.tanh() : at::hardtanh(x);
}

}  // namespace

Network::Network(const LayerList& list, const Shape& shape) : outputs_(shape.outputs) {
  const auto layers = plan_layers(list, shape);
  pictures_ = convolves(layers);
  layers_ = make(layers);
}

at::Tensor Network::forward(const at::Tensor& input) {
  // Channels last: a step of a VGG takes 0.84 (K = 32) to 0.93 (K = 128) of the time with oneDNN.
  // cuDNN in float32 is faster without.
  const bool channels_last = pictures_ && input.device().is_cpu();
  at::Tensor x = channels_last ? input.contiguous(at::MemoryFormat::ChannelsLast) : input;
  for (const Compute& layer : layers_) x = layer(x);
  return x.dim() == 3 ? x.flatten(0, 1) : x;
}

void Network::initialise(Init init, std::uint64_t seed) {
  Model::initialise(init, seed);
  for (auto& [name, dropout] : dropouts_) dropout->seed(seed, name);
}

at::Tensor Network::read(std::int64_t character, Memory& memory) {
  const at::NoGradGuard no_gradient;
  memory_ = &memory;
  remembered_ = 0;
  const at::Tensor scores =
      forward(at::full({1, 1}, character, at::TensorOptions(at::kLong).device(device())));
  memory_ = nullptr;
  return scores[0];
}

void Network::list_weight(const PlannedLayer& layer, const std::string& name,
                          const at::Tensor& weight, std::int64_t blocks, double half_width) {
  add_weight({.name = name,
              .tensor = weight,
              .quantizable = layer.spec.quantize,
              .blocks = blocks,
              .fan_in = layer.fan_in(),
              .fan_out = layer.fan_out(),
              .scales = layer.spec.scales,
              .half_width = half_width});
}

void Network::list_bias(const std::string& name, const at::Tensor& bias) {
  if (!bias.defined()) return;
  const at::NoGradGuard no_gradient;
  bias.zero_();
  add_plain(name, bias);
}

std::vector<Network::Compute> Network::make(const std::vector<PlannedLayer>& layers) {
  std::vector<Compute> all;
  for (const PlannedLayer& layer : layers) all.push_back(make(layer));
  return all;
}

Network::Compute Network::make(const PlannedLayer& layer) {
  const LayerSpec& spec = layer.spec;
  switch (spec.kind) {
    case LayerKind::dense:
      return make_dense(layer);
    case LayerKind::conv:
      return make_convolution(layer);
    case LayerKind::max_pool:
      return [spec](const at::Tensor& x) {
        return at::max_pool2d(x, spec.kernel, at::IntArrayRef(spec.stride));
      };
    case LayerKind::average_pool:
      if (spec.kernel == 0)
        return [](const at::Tensor& x) { return x.mean(at::IntArrayRef{2, 3}, true); };
      return [spec](const at::Tensor& x) {
        return at::avg_pool2d(x, spec.kernel, at::IntArrayRef(spec.stride));
      };
    case LayerKind::batch_norm:
      return make_batch_norm(layer);
    case LayerKind::layer_norm:
      return make_layer_norm(layer);
    case LayerKind::relu:
      if (layer.in_place)
        return [](const at::Tensor& x) { return at::relu_(const_cast<at::Tensor&>(x)); };
      return [](const at::Tensor& x) { return x.relu(); };
    case LayerKind::tanh:
    case LayerKind::hardtanh:
      return [kind = spec.kind](const at::Tensor& x) { return activate(kind, x); };
    case LayerKind::dropout: {
      auto dropout = register_module(layer.name, Dropout(spec.rate));
      dropouts_.emplace_back(layer.name, dropout);
      return [dropout](const at::Tensor& x) mutable { return dropout->forward(x); };
    }
    case LayerKind::flatten:
      if (layer.in.form == Values::Form::sequence) return [](const at::Tensor& x) { return x; };
      return [](const at::Tensor& x) { return x.flatten(1); };
    case LayerKind::residual:
      return make_residual(layer);
    case LayerKind::embedding:
      return make_embedding(layer);
    case LayerKind::one_hot:
      return [vocabulary = outputs_](const at::Tensor& x) { return one_hot_rows(x, vocabulary); };
    case LayerKind::lstm:
    case LayerKind::gru:
      return make_recurrent(layer);
  }
  return {};
}

Network::Compute Network::make_dense(const PlannedLayer& layer) {
  auto dense = register_module(
      layer.name,
      Dense(torch::nn::LinearOptions(layer.in.sizes[0], layer.out.sizes[0]).bias(layer.spec.bias)));
  list_weight(layer, layer.name + ".weight", dense->weight);
  list_bias(layer.name + ".bias", dense->bias);
  return [dense](const at::Tensor& x) mutable {
    return by_rows(x, [&](const at::Tensor& rows) { return dense->forward(rows); });
  };
}

Network::Compute Network::make_convolution(const PlannedLayer& layer) {
  const LayerSpec& spec = layer.spec;
  auto conv = register_module(
      layer.name,
      torch::nn::Conv2d(torch::nn::Conv2dOptions(layer.in.sizes[0], layer.out.sizes[0], spec.kernel)
                            .stride(spec.stride)
                            .padding(spec.padding)
                            .groups(spec.groups)
                            .bias(spec.bias)));
  list_weight(layer, layer.name + ".weight", conv->weight);
  list_bias(layer.name + ".bias", conv->bias);
  return [conv](const at::Tensor& x) mutable { return conv->forward(x); };
}

template <typename Norm>
Network::Compute Network::norm(const PlannedLayer& layer) {
  auto norm = register_module(layer.name, Norm(torch::nn::BatchNormOptions(layer.in.sizes[0])
                                                   .eps(layer.spec.epsilon)
                                                   .momentum(layer.spec.momentum)));
  add_plain(layer.name + ".weight", norm->weight);
  add_plain(layer.name + ".bias", norm->bias);
  return [norm](const at::Tensor& x) mutable {
    return by_rows(x, [&](const at::Tensor& rows) { return norm->forward(rows); });
  };
}

Network::Compute Network::make_batch_norm(const PlannedLayer& layer) {
  return layer.in.sizes.size() == 3 ? norm<torch::nn::BatchNorm2d>(layer)
                                    : norm<torch::nn::BatchNorm1d>(layer);
}

Network::Compute Network::make_layer_norm(const PlannedLayer& layer) {
  auto norm = register_module(
      layer.name,
      torch::nn::LayerNorm(torch::nn::LayerNormOptions(layer.in.sizes).eps(layer.spec.epsilon)));
  add_plain(layer.name + ".weight", norm->weight);
  add_plain(layer.name + ".bias", norm->bias);
  return [norm](const at::Tensor& x) mutable { return norm->forward(x); };
}

Network::Compute Network::make_embedding(const PlannedLayer& layer) {
  const std::int64_t vocabulary = layer.in.sizes[0];
  auto table = register_module(layer.name, torch::nn::Embedding(vocabulary, layer.out.sizes[0]));
  list_weight(layer, layer.name + ".weight", table->weight);
  // As a product: on a GPU, gradients of a look-up are added up in any order.
  return [table, vocabulary](const at::Tensor& x) {
    return at::matmul(one_hot_rows(x, vocabulary), table->weight);
  };
}

at::Tensor& Network::remembered() {
  if (memory_->size() == remembered_) memory_->emplace_back();
  return (*memory_)[remembered_++];
}

Network::Compute Network::make_recurrent(const PlannedLayer& layer) {
  return layer.spec.kind == LayerKind::lstm ? recurrent<torch::nn::LSTM>(layer, 4)
                                            : recurrent<torch::nn::GRU>(layer, 3);
}

template <typename Module>
Network::Compute Network::recurrent(const PlannedLayer& layer, std::int64_t gates) {
  constexpr bool kLstm = std::is_same_v<Module, torch::nn::LSTM>;
  const std::int64_t units = layer.out.sizes[0];
  auto module = register_module(layer.name, Module(layer.in.sizes[0], units));
  const auto parameters = module->named_parameters();
  const at::Tensor weight_ih = parameters["weight_ih_l0"], weight_hh = parameters["weight_hh_l0"],
                   bias_ih = parameters["bias_ih_l0"], bias_hh = parameters["bias_hh_l0"];
  const std::string name = layer.name + ".";
  list_weight(layer, name + "weight_ih_l0", weight_ih, gates, kRecurrentHalfWidth);
  list_weight(layer, name + "weight_hh_l0", weight_hh, gates, kRecurrentHalfWidth);
  list_bias(name + "bias_ih_l0", bias_ih);
  {
    const at::NoGradGuard no_gradient;
    bias_hh.zero_();
    if (kLstm) bias_ih.chunk(gates)[1].fill_(kForgetBias);
  }
  if (kLstm)  // the gates have one bias
    bias_hh.set_requires_grad(false);
  else
    add_plain(name + "bias_hh_l0", bias_hh);
  at::Tensor gain_ih, gain_hh;
  if (layer.spec.normalised) {
    for (auto [gain, word] : {std::pair{&gain_ih, "_gain_ih"}, {&gain_hh, "_gain_hh"}}) {
      *gain = register_parameter(layer.name + word, at::ones({gates * units}));
      add_plain(layer.name + word, *gain);
    }
  }
  return [this, module, gates, weight_ih, weight_hh, bias_ih, bias_hh, gain_ih,
          gain_hh](const at::Tensor& x) mutable {
    const bool clip = gate_bound_ > 0 && at::GradMode::is_enabled();
    if (!gain_ih.defined() && !clip && !memory_) return std::get<0>(module->forward(x));
    const at::Tensor inputs =
        normalised_product(at::matmul(x, weight_ih.t()), gain_ih, gates) + bias_ih;
    if constexpr (kLstm) {
      LstmState state;
      if (!memory_) return lstm_by_steps(inputs, weight_hh, gain_hh, gate_bound_, state);
      const std::size_t place = remembered_;
      state.hidden = remembered();
      state.cell = remembered();
      const at::Tensor out = lstm_by_steps(inputs, weight_hh, gain_hh, 0, state);
      (*memory_)[place] = state.hidden;
      (*memory_)[place + 1] = state.cell;
      return out;
    } else {
      at::Tensor own;
      return gru_by_steps(inputs, weight_hh, bias_hh, gain_hh, gate_bound_,
                          memory_ ? remembered() : own);
    }
  };
}

Network::Compute Network::make_residual(const PlannedLayer& layer) {
  return [body = make(layer.layers), shortcut = make(layer.shortcut)](const at::Tensor& x) {
    at::Tensor left = x, right = x;
    for (const Compute& one : body) left = one(left);
    for (const Compute& one : shortcut) right = one(right);
    return left + right;
  };
}

}  // namespace laq::nn
