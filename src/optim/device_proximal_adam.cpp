#include "optim/device_proximal_adam.hpp"

#include <ATen/ATen.h>
#ifdef LAQ_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "optim/tensor_sums.hpp"

namespace laq::optim {
namespace {

constexpr auto kBytes = at::kByte;

at::TensorOptions of(at::ScalarType type, const at::Device& device) {
  return at::TensorOptions(type).device(device);
}

/// Plain structures as bytes on a device.
template <typename T>
at::Tensor table(const std::vector<T>& rows, const at::Device& device) {
  const auto bytes = static_cast<std::int64_t>(sizeof(T) * std::max<std::size_t>(rows.size(), 1));
  const at::Tensor host = at::zeros({bytes}, kBytes);
  if (!rows.empty()) std::memcpy(host.data_ptr(), rows.data(), sizeof(T) * rows.size());
  return host.to(device, kBytes, /*non_blocking=*/false, /*copy=*/true);
}

template <typename T>
const T* rows(const at::Tensor& table) {
  return reinterpret_cast<const T*>(table.data_ptr<std::uint8_t>());
}

std::unique_ptr<kernels::Backend> backend_for(const at::Device& device) {
#ifdef LAQ_CUDA
  if (device.is_cuda()) {
    const c10::cuda::CUDAGuard guard(device);
    return kernels::make_cuda_backend();
  }
#endif
  if (device.is_cpu()) return kernels::make_serial_backend();
  throw Error({.what = "this build cannot train on such a device",
               .found = device.str(),
               .expected = "cpu, or cuda of a LibTorch with CUDA, built where nvcc is",
               .advice = "see docs/gpu.md"});
}

/// The most pieces of a relaxed ŵ of so many levels (`quant::relax`).
int most_pieces(int levels) {
  return 3 * levels;
}

}  // namespace

struct DeviceProximalAdam::Slot {
  nn::Parameter parameter;
  bool quantized = false, small = false;
  bool moved = false;  // in this step, before `update`
  std::int64_t groups = 1, tiles = 0, first_tile = 0;
  int first_group = 0;                   // among the large ones, or the small ones
  at::Tensor latent;                     // the model's own when not quantized
  at::Tensor first, second;              // Adam's moments
  at::Tensor scales;                     // groups × scales, double
  at::Tensor scale_first, scale_second;  // moments of learned scales
  at::Tensor level_index;                // uint8, of every weight at the last report
  at::Tensor levels;                     // groups × codes, double: ŵ of each code
  at::Tensor rounds;                     // groups, int64
  at::Tensor thresholds, kept;           // of the codebook; what the solver keeps
  // Not of the state.
  at::Tensor values, knots, offsets, slopes, piece_count, lost, sums, near, near_count;
};

#ifdef LAQ_CUDA
/// The updates that run next to the backward pass: each on a stream of its own, which goes first.
struct DeviceProximalAdam::Early {
  // Smaller layers are updated together at the end.
  static constexpr std::int64_t kLeast = 1 << 16;

  struct Layer : torch::autograd::PostAccumulateGradHook {
    Layer(DeviceProximalAdam* optimizer, std::size_t slot)
        : owner(optimizer),
          place(slot),
          stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, owner->device_.index())) {}
    void operator()(const at::Tensor&) override { owner->early_->update(*this); }

    DeviceProximalAdam* owner;
    std::size_t place;
    c10::cuda::CUDAStream stream;
    at::cuda::CUDAEvent ready, done;
  };

  ~Early() {
    for (const auto& tensor : hooked)
      torch::autograd::impl::set_post_acc_grad_hooks(tensor, nullptr);
  }

  /// A layer's gradient is there.
  void update(Layer& layer) {
    const at::NoGradGuard no_gradient;
    DeviceProximalAdam& all = *layer.owner;
    Slot& slot = all.slots_[layer.place];
    at::Tensor& gradient = slot.parameter.tensor.mutable_grad();
    gradient = gradient.contiguous();
    layer.ready.record(c10::cuda::getCurrentCUDAStream(all.device_.index()));
    layer.ready.block(layer.stream);
    all.backend_->on_stream(layer.stream.stream());
    if (updated.empty()) {
      all.backend_->advance(all.fit_, all.plan_, all.settings_);
      begun.record(layer.stream);
    } else {
      begun.block(layer.stream);
    }
    updated.push_back(&layer);
    all.move(layer.place, 1);
    slot.moved = true;
    if (slot.quantized) all.fit(layer.place, 1);
    layer.done.record(layer.stream);
  }

  std::vector<at::Tensor> hooked;
  std::vector<Layer*> updated;  // in this step
  at::cuda::CUDAEvent begun;    // the step's constants are there
};

void DeviceProximalAdam::begin_early() {
  if (!device_.is_cuda() || by_host()) return;
  early_ = std::make_unique<Early>();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const at::Tensor& tensor = slots_[i].parameter.tensor;
    if (tensor.numel() < Early::kLeast) continue;
    torch::autograd::impl::set_post_acc_grad_hooks(tensor, std::make_unique<Early::Layer>(this, i));
    early_->hooked.push_back(tensor);
  }
}

// Whether the step has begun; then the present stream has its constants.
bool DeviceProximalAdam::joined_begin() {
  if (!early_ || early_->updated.empty()) return false;
  early_->begun.block(c10::cuda::getCurrentCUDAStream(device_.index()));
  return true;
}

// The present stream waits for what was updated.
void DeviceProximalAdam::join_early() {
  if (!early_) return;
  for (auto* layer : early_->updated)
    layer->done.block(c10::cuda::getCurrentCUDAStream(device_.index()));
  early_->updated.clear();
}
#else
struct DeviceProximalAdam::Early {};

void DeviceProximalAdam::begin_early() {}

bool DeviceProximalAdam::joined_begin() {
  return false;
}

void DeviceProximalAdam::join_early() {}
#endif

DeviceProximalAdam::~DeviceProximalAdam() = default;

DeviceProximalAdam::DeviceProximalAdam(const std::vector<nn::Parameter>& parameters,
                                       const quant::Quantization& quantizer,
                                       const AdamOptions& options, std::int64_t small_group)
    : quantizer_(quantizer),
      options_(options),
      device_(parameters.front().tensor.device()),
      backend_(backend_for(device_)) {
  const at::NoGradGuard no_gradient;
  settings_ = {.beta1 = options.beta1,
               .beta2 = options.beta2,
               .epsilon = options.epsilon,
               .clip = options.clip,
               .clip_gradient = options.clip_gradient,
               .weight_decay = options.weight_decay,
               .momentum = options.momentum,
               .sgd = options.sgd};
  if (const auto& method = quantizer.method) {
    fit_ = method->device_fit();
    codes_ = quant::codes_of(*method);
    settings_.quantized_weight_decay = method->weight_decay();
    settings_.scale_rate = method->scale_rate();
    settings_.curvature = method->uses_curvature();
    settings_.squared_curvature = method->squared_curvature();
    settings_.own_gradient = !by_host() && method->gradient();
    settings_.learns_scales = !by_host() && method->learns_scales();
    settings_.replaces_latent = method->replaces_latent();
    settings_.gather = kernels::gather_of(fit_);
  }
  small_settings_ = settings_;
  small_settings_.gather = {.gradient = settings_.gather.gradient};
  step_ = at::zeros({static_cast<std::int64_t>(sizeof(kernels::Step))}, of(kBytes, device_));
  shared_ =
      at::zeros({static_cast<std::int64_t>(backend_->shared_bytes()) + 1}, of(kBytes, device_));
  make_slots(parameters, small_group);
  make_tables();
  begin_early();
  if (!quantizer.method) return;
  prepare(0, {});
  use_stream();
  if (by_host()) {
    for (auto& slot : slots_) {
      if (slot.quantized) fit_by_host(slot);
    }
  } else {
    backend_->fit(fit_, plan_, settings_, /*fresh=*/true);
    backend_->fit_rest(fit_, plan_, settings_, /*fresh=*/true, /*applies=*/false);
  }
  backend_->apply(plan_, settings_, /*held=*/false);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].quantized) report(i);  // from here on flips are counted
  }
}

void DeviceProximalAdam::make_slots(const std::vector<nn::Parameter>& parameters,
                                    std::int64_t small_group) {
  const auto is_small = [&](const nn::Parameter& parameter) {
    return parameter.quantizable && quantizer_.method &&
           parameter.tensor.numel() / groups_of(parameter, quantizer_.group) <= small_group;
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) order_.push_back(i);
  std::stable_partition(order_.begin(), order_.end(),
                        [&](std::size_t i) { return !is_small(parameters[i]); });
  for (const std::size_t i : order_) {
    Slot slot;
    slot.parameter = parameters[i];
    slot.quantized = parameters[i].quantizable && quantizer_.method;
    slot.small = is_small(parameters[i]);
    make_memory(slot);
    slots_.push_back(std::move(slot));
  }
  // From here on the place of each parameter's slot.
  std::vector<std::size_t> place(order_.size());
  for (std::size_t s = 0; s < order_.size(); ++s) place[order_[s]] = s;
  order_ = place;
}

void DeviceProximalAdam::make_memory(Slot& slot) {
  const at::Tensor& tensor = slot.parameter.tensor;
  slot.latent = tensor.detach();
  slot.first = at::zeros_like(slot.latent);
  slot.second = at::zeros_like(slot.latent);
  if (!slot.quantized) {
    slot.tiles = (tensor.numel() + kernels::kTile - 1) / kernels::kTile;
    return;
  }
  const auto zeros = [&](at::IntArrayRef sizes, at::ScalarType type) {
    return at::zeros(sizes, of(type, device_));
  };
  const auto& method = *quantizer_.method;
  const auto levels = static_cast<std::int64_t>(codes_.size());
  slot.groups = groups_of(slot.parameter, quantizer_.group);
  const std::int64_t size = tensor.numel() / slot.groups;
  slot.tiles = (size + kernels::kTile - 1) / kernels::kTile;
  slot.latent = slot.latent.clone();
  slot.scales = zeros({slot.groups, method.scale_count()}, at::kDouble);
  if (method.learns_scales()) {
    slot.scale_first = at::zeros_like(slot.scales);
    slot.scale_second = at::zeros_like(slot.scales);
  }
  slot.level_index = zeros(tensor.sizes(), at::kByte);
  slot.levels = zeros({slot.groups, levels}, at::kDouble);
  slot.rounds = zeros({slot.groups}, at::kLong);
  slot.thresholds = zeros({slot.groups, levels - 1}, at::kFloat);
  slot.kept = zeros({slot.groups, kernels::kKept}, at::kDouble);
  slot.values = zeros({slot.groups, levels}, at::kFloat);
  slot.lost = zeros({slot.groups}, at::kInt);
  const std::int64_t pieces = method.discrete(0) ? 0 : most_pieces(static_cast<int>(levels));
  if (pieces > 0) {
    slot.knots = zeros({slot.groups, pieces}, at::kFloat);
    slot.offsets = zeros({slot.groups, pieces}, at::kDouble);
    slot.slopes = zeros({slot.groups, pieces}, at::kDouble);
    slot.piece_count = zeros({slot.groups}, at::kInt);
  }
  const kernels::Gather& gather = (slot.small ? small_settings_ : settings_).gather;
  slot.sums = zeros({slot.groups, gather.rows(), slot.tiles}, at::kDouble);
  if (gather.windows > 0) {
    slot.near = zeros({slot.groups * slot.tiles * kernels::kNearOfTile, 2}, at::kFloat);
    slot.near_count = zeros({slot.groups, slot.tiles}, at::kInt);
  }
}

// The kernels' view of the slots, once for all steps.
void DeviceProximalAdam::make_tables() {
  std::vector<kernels::Tile> tiles;
  std::vector<kernels::GroupPlace> large, small;
  const auto pointer = [](const at::Tensor& tensor, auto* null) {
    using T = std::remove_pointer_t<decltype(null)>;
    return tensor.defined() ? tensor.data_ptr<T>() : null;
  };
  constexpr float* kFloats = nullptr;
  constexpr double* kDoubles = nullptr;
  constexpr std::int32_t* kInts = nullptr;
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    Slot& slot = slots_[s];
    const auto index = static_cast<std::int32_t>(s);
    kernels::Layer layer;
    layer.size = slot.latent.numel() / slot.groups;
    layer.groups = static_cast<std::int32_t>(slot.groups);
    layer.quantized = slot.quantized;
    layer.latent = slot.latent.data_ptr<float>();
    layer.first = slot.first.data_ptr<float>();
    layer.second = slot.second.data_ptr<float>();
    layer.quantized_values = slot.parameter.tensor.data_ptr<float>();
    layer.tiles = static_cast<std::int32_t>(slot.tiles);
    slot.first_tile = static_cast<std::int64_t>(tiles.size());
    if (slot.quantized) {
      kernels::Books& books = layer.books;
      books.levels = static_cast<int>(codes_.size());
      books.scale_count = static_cast<int>(slot.scales.size(1));
      books.thresholds = pointer(slot.thresholds, kFloats);
      books.values = pointer(slot.values, kFloats);
      books.exact_values = pointer(slot.levels, kDoubles);
      books.scales = pointer(slot.scales, kDoubles);
      books.rounds = slot.rounds.data_ptr<std::int64_t>();
      books.pieces = slot.knots.defined() ? static_cast<int>(slot.knots.size(1)) : 0;
      books.knots = pointer(slot.knots, kFloats);
      books.offsets = pointer(slot.offsets, kDoubles);
      books.slopes = pointer(slot.slopes, kDoubles);
      books.piece_count = pointer(slot.piece_count, kInts);
      layer.scale_first = pointer(slot.scale_first, kDoubles);
      layer.scale_second = pointer(slot.scale_second, kDoubles);
      layer.kept = pointer(slot.kept, kDoubles);
      layer.lost = pointer(slot.lost, kInts);
      layer.sums = pointer(slot.sums, kDoubles);
      layer.near = reinterpret_cast<kernels::Near*>(pointer(slot.near, kFloats));
      layer.near_count = pointer(slot.near_count, kInts);
      layer.level_index = slot.level_index.data_ptr<std::uint8_t>();
      plan_.book_bytes = std::max(plan_.book_bytes, kernels::book_bytes(books));
    }
    slot.first_group = static_cast<int>((slot.small ? small : large).size());
    for (std::int32_t g = 0; g < layer.groups; ++g) {
      for (std::int32_t t = 0; t < slot.tiles; ++t)
        tiles.push_back(kernels::tile_of(layer, {index, g}, t));
      if (slot.quantized) (slot.small ? small : large).push_back({index, g});
    }
    layers_.push_back(layer);
  }
  layer_table_ = table(layers_, device_);
  tile_table_ = table(tiles, device_);
  large_table_ = table(large, device_);
  small_table_ = table(small, device_);
  plan_.layers = rows<kernels::Layer>(layer_table_);
  plan_.tiles = rows<kernels::Tile>(tile_table_);
  plan_.tile_count = static_cast<std::int64_t>(tiles.size());
  plan_.large = rows<kernels::GroupPlace>(large_table_);
  plan_.large_count = static_cast<int>(large.size());
  plan_.small = rows<kernels::GroupPlace>(small_table_);
  plan_.small_count = static_cast<int>(small.size());
  plan_.always_whole = kernels::always_whole(fit_);
  plan_.step = reinterpret_cast<kernels::Step*>(step_.data_ptr());
  plan_.shared = shared_.data_ptr();
}

void DeviceProximalAdam::use_stream() {
#ifdef LAQ_CUDA
  if (device_.is_cuda())
    backend_->on_stream(c10::cuda::getCurrentCUDAStream(device_.index()).stream());
#endif
}

void DeviceProximalAdam::prepare(double learning_rate, Progress progress) {
  Optimizer::prepare(learning_rate, progress);
  use_stream();
  set_step(steps_);
}

// Before the step that follows `steps`.
void DeviceProximalAdam::set_step(std::int64_t steps) {
  kernels::Step step;
  step.count = static_cast<double>(steps);
  step.rate = learning_rate_;
  step.done = progress_.done;
  step.total = progress_.total;
  step.rests = quantizer_.method && quantizer_.method->rests(progress_.value());
  backend_->set_step(plan_.step, step);
}

bool DeviceProximalAdam::by_host() const {
  return quantizer_.method && std::holds_alternative<std::monostate>(fit_);
}

bool DeviceProximalAdam::capturable() const {
  return !by_host();
}

// Of some slots one after the other, all small or none.
kernels::Plan DeviceProximalAdam::plan_of(std::size_t first, std::size_t count) const {
  kernels::Plan plan = plan_;
  const Slot &from = slots_[first], &last = slots_[first + count - 1];
  plan.tiles += from.first_tile;
  plan.tile_count = last.first_tile + last.groups * last.tiles - from.first_tile;
  plan.large_count = plan.small_count = 0;
  if (!from.quantized) return plan;
  if (from.small) {
    plan.small += from.first_group;
    plan.small_count = last.first_group + static_cast<int>(last.groups) - from.first_group;
  } else {
    plan.large += from.first_group;
    plan.large_count = last.first_group + static_cast<int>(last.groups) - from.first_group;
  }
  return plan;
}

void DeviceProximalAdam::update() {
  const at::NoGradGuard no_gradient;
  count_step();
  const bool begun = joined_begin();
  use_stream();
  if (by_host()) set_step(steps_ - 1);
  if (!begun) backend_->advance(fit_, plan_, settings_);
  move_rest();  // next to the updates that are still under way
  join_early();
  gradients_.clear();
  if (!quantizer_.method) return;
  if (by_host()) {
    for (auto& slot : slots_) {
      if (slot.quantized) fit_by_host(slot);
    }
    use_stream();
    return backend_->apply(plan_, settings_, /*held=*/false);
  }
  backend_->fit_rest(fit_, plan_, settings_, /*fresh=*/false, /*applies=*/true);
}

// All slots that were not updated yet, as many at a time as may be.
void DeviceProximalAdam::move_rest() {
  const auto joins = [&](std::size_t first, std::size_t next) {
    return !slots_[next].moved && slots_[next].small == slots_[first].small &&
           next - first < static_cast<std::size_t>(kernels::kMostLayers);
  };
  for (std::size_t first = 0; first < slots_.size();) {
    if (slots_[first].moved) {
      slots_[first++].moved = false;
      continue;
    }
    std::size_t end = first + 1;
    while (end < slots_.size() && joins(first, end)) ++end;
    move(first, end - first);
    for (std::size_t i = first; i < end && !by_host();) {
      std::size_t last = i + 1;  // quantized ones that stand together
      while (last < end && slots_[last].quantized == slots_[i].quantized) ++last;
      if (slots_[i].quantized) fit(i, last - i);
      i = last;
    }
    first = end;
  }
}

// Quantized slots, as far as what was gathered does; `fit_rest` does the others.
void DeviceProximalAdam::fit(std::size_t first, std::size_t count) {
  const kernels::Plan plan = plan_of(first, count);
  backend_->fit(fit_, plan, settings_, /*fresh=*/false);
  // A small group that could not be fitted keeps its codebook.
  if (slots_[first].small || !plan_.always_whole)
    backend_->apply(plan, settings_, /*held=*/!slots_[first].small);
}

void DeviceProximalAdam::move(std::size_t first, std::size_t count) {
  kernels::TileRange tiles{slots_[first].first_tile, plan_of(first, count).tile_count,
                           static_cast<std::int32_t>(first)};
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = slots_[first + i];
    at::Tensor& gradient = slot.parameter.tensor.mutable_grad();
    if (!gradient.defined()) {
      if (!slot.quantized) continue;
      throw Error({.what = "a layer has no gradient",
                   .where = slot.parameter.name,
                   .advice = "quantize only layers that the loss depends on"});
    }
    gradients_.push_back(gradient.contiguous());
    // Undefined rather than zeroed: the next backward pass hands its result over instead of
    // adding to it.
    gradient = at::Tensor();
    if (by_host() && slot.quantized) learn_by_host(slot, gradients_.back());
    tiles.gradients[i] = gradients_.back().data_ptr<float>();
  }
  backend_->move(fit_, plan_, tiles, slots_[first].small ? small_settings_ : settings_);
}

// ——— methods that are host code

void DeviceProximalAdam::learn_by_host(Slot& slot, const at::Tensor& gradient) {
  const auto& method = *quantizer_.method;
  if (!method.gradient()) return;
  if (options_.clip_gradient > 0) gradient.clamp_(-options_.clip_gradient, options_.clip_gradient);
  const at::Tensor host = gradient.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true);
  const at::Tensor latent = slot.latent.to(at::kCPU),
                   before = slot.parameter.tensor.detach().to(at::kCPU);
  const at::Tensor scales = slot.scales.to(at::kCPU, false, /*copy=*/true);
  const auto n = static_cast<std::size_t>(slot.latent.numel() / slot.groups);
  const auto part = [&](const at::Tensor& of, std::int64_t group) {
    return std::span<float>(of.data_ptr<float>() + static_cast<std::size_t>(group) * n, n);
  };
  at::Tensor first, second;
  if (slot.scale_first.defined()) {
    first = slot.scale_first.to(at::kCPU, false, true);
    second = slot.scale_second.to(at::kCPU, false, true);
  }
  const kernels::ScaleStep constants =
      scale_step(options_, learning_rate_ * method.scale_rate(), steps_);
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    quant::Group group{part(latent, g), {}, part(before, g), known_scales(scales[g])};
    group.progress = progress_.value();
    const std::vector<double> of_scales = method.gradient()(group, part(host, g));
    if (!method.learns_scales()) continue;
    for (std::size_t s = 0; s < of_scales.size(); ++s) {
      const std::int64_t at = g * scales.size(1) + static_cast<std::int64_t>(s);
      kernels::move_scale(scales.data_ptr<double>()[at], first.data_ptr<double>()[at],
                          second.data_ptr<double>()[at], of_scales[s], constants);
    }
  }
  gradient.copy_(host);
  if (!method.learns_scales()) return;
  slot.scales.copy_(scales);
  slot.scale_first.copy_(first);
  slot.scale_second.copy_(second);
}

void DeviceProximalAdam::fit_by_host(Slot& slot) {
  const auto& method = *quantizer_.method;
  at::Tensor curvature;
  if (method.uses_curvature()) {
    curvature = slot.second.sqrt().add_(quant::kCurvatureFloor);
    if (method.squared_curvature()) curvature.square_();
    curvature = curvature.view({slot.groups, -1});
  }
  const at::Tensor latent = slot.latent.view({slot.groups, -1}),
                   before = slot.parameter.tensor.detach().view({slot.groups, -1});
  const at::Tensor scales = slot.scales.to(at::kCPU, false, /*copy=*/true);
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    TensorSums sums(latent[g], curvature.defined() ? curvature[g] : at::Tensor(), before[g],
                    known_scales(scales[g]), progress_.value());
    const quant::Codebook book = method.fit(sums);
    const auto bring = [&](const auto& values, at::ScalarType type, const at::Tensor& to) {
      const auto n = static_cast<std::int64_t>(values.size());
      if (n > 0) to.narrow(0, 0, n).copy_(at::tensor(values, at::TensorOptions(type)));
    };
    require_levels(book, codes_.size());
    bring(book.thresholds, at::kFloat, slot.thresholds[g]);
    bring(book.values, at::kDouble, slot.levels[g]);
    bring(book.values, at::kDouble, slot.values[g]);
    bring(book.scales, at::kDouble, slot.scales[g]);
    slot.rounds[g].fill_(book.rounds);
    if (slot.piece_count.defined()) {
      bring(book.knots, at::kFloat, slot.knots[g]);
      bring(book.offsets, at::kDouble, slot.offsets[g]);
      bring(book.slopes, at::kDouble, slot.slopes[g]);
      slot.piece_count[g].fill_(static_cast<std::int64_t>(book.slopes.size()));
    }
  }
}

// ——— state and report

std::vector<std::pair<std::string, at::Tensor>> DeviceProximalAdam::state() const {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const std::size_t place : order_) {
    const Slot& slot = slots_[place];
    const std::string& name = slot.parameter.name;
    if (slot.quantized) all.emplace_back(name + ":latent", slot.latent);
    all.emplace_back(name + ":first_moment", slot.first);
    all.emplace_back(name + ":second_moment", slot.second);
    if (!slot.quantized) continue;
    all.emplace_back(name + ":scales", slot.scales);
    all.emplace_back(name + ":level_index", slot.level_index);
    all.emplace_back(name + ":levels", slot.levels);
    all.emplace_back(name + ":rounds", slot.rounds);
    all.emplace_back(name + ":thresholds", slot.thresholds);
    all.emplace_back(name + ":kept", slot.kept);
    if (slot.scale_first.defined()) {
      all.emplace_back(name + ":scales_first_moment", slot.scale_first);
      all.emplace_back(name + ":scales_second_moment", slot.scale_second);
    }
  }
  return all;
}

std::int64_t DeviceProximalAdam::windows_lost() const {
  std::int64_t groups = 0;
  for (const auto& slot : slots_) {
    if (slot.quantized) groups += slot.lost.sum().item<std::int64_t>();
  }
  return groups;
}

std::vector<LayerReport> DeviceProximalAdam::report() {
  const at::NoGradGuard no_gradient;
  use_stream();
  std::vector<LayerReport> reports;
  for (const std::size_t place : order_) {
    if (slots_[place].quantized) reports.push_back(report(place));
  }
  return reports;
}

LayerReport DeviceProximalAdam::report(std::size_t place) {
  const Slot& slot = slots_[place];
  const auto levels = static_cast<std::int64_t>(codes_.size());
  const std::int64_t tiles = slot.groups * slot.tiles;
  const kernels::ReportLayout layout{static_cast<int>(levels), static_cast<int>(kLatentBins)};
  const at::Tensor largest = slot.latent.abs().max();
  // After a restore the float levels may not be there yet.
  slot.values.copy_(slot.levels);
  const at::Tensor counts = at::zeros({tiles, layout.counts()}, of(at::kInt, device_));
  const at::Tensor sums =
      at::zeros({tiles, kernels::ReportLayout::kSums}, of(at::kDouble, device_));
  kernels::ReportRequest request;
  request.layer = static_cast<std::int32_t>(place);
  request.first_tile = slot.first_tile;
  request.layout = layout;
  request.zero_level = static_cast<int>(zero_level(codes_));
  request.relaxes = !quantizer_.method->discrete(0);
  request.largest = largest.data_ptr<float>();
  request.counts = counts.data_ptr<std::int32_t>();
  request.sums = sums.data_ptr<double>();
  backend_->report(plan_, request, tiles);

  const auto numbers = [](const at::Tensor& tensor) {
    const at::Tensor host = tensor.to(at::kCPU, at::kDouble).contiguous();
    return std::vector<double>(host.data_ptr<double>(), host.data_ptr<double>() + host.numel());
  };
  const std::vector<double> counted = numbers(counts.sum(0)), summed = numbers(sums.sum(0));
  const auto total = static_cast<double>(slot.latent.numel());
  const auto share = [&](int place_of) {
    return counted[static_cast<std::size_t>(place_of)] / total;
  };
  LayerReport report;
  report.name = slot.parameter.name;
  report.scales = numbers(slot.scales);
  report.codes = codes_;
  for (int j = 0; j < layout.levels; ++j) report.level_share.push_back(share(layout.at_level(j)));
  report.zero_fraction = share(layout.zeros());
  report.flips = share(layout.flips());
  report.weighted_error = summed[0];
  report.rounds = numbers(slot.rounds.to(at::kDouble).mean())[0];
  report.level_values = numbers(slot.levels.mean(0));
  report.latent_largest = numbers(largest)[0];
  for (int b = 0; b < layout.bins; ++b) report.latent_share.push_back(share(layout.in_bin(b)));
  if (request.relaxes) report.relaxation = summed[2] > 0 ? std::sqrt(summed[1] / summed[2]) : 0;
  if (quantizer_.method->exact()) report.gap = gap(place);
  return report;
}

double DeviceProximalAdam::gap(std::size_t place) {
  const Slot& slot = slots_[place];
  const auto exact = quantizer_.method->exact();
  const quant::DeviceFit fit = exact->device_fit();
  if (std::holds_alternative<std::monostate>(fit)) return 0;
  kernels::Settings settings = settings_;
  settings.gather = {};
  settings.own_gradient = settings.learns_scales = false;
  settings.curvature = exact->uses_curvature();
  settings.squared_curvature = exact->squared_curvature();
  // The optimum of these weights alone, in a codebook of its own.
  Slot other = slot;
  for (at::Tensor* own : {&other.scales, &other.levels, &other.rounds, &other.thresholds,
                          &other.kept, &other.values, &other.lost})
    *own = at::zeros_like(*own);
  kernels::Layer layer = layers_[place];
  kernels::Books& books = layer.books;
  books.thresholds = other.thresholds.data_ptr<float>();
  books.values = other.values.data_ptr<float>();
  books.exact_values = other.levels.data_ptr<double>();
  books.scales = other.scales.data_ptr<double>();
  books.rounds = other.rounds.data_ptr<std::int64_t>();
  books.pieces = 0;
  layer.kept = other.kept.data_ptr<double>();
  layer.lost = other.lost.data_ptr<std::int32_t>();
  std::vector<kernels::GroupPlace> groups;
  for (std::int32_t g = 0; g < layer.groups; ++g) groups.push_back({0, g});
  const at::Tensor layer_table = table(std::vector{layer}, device_),
                   group_table = table(groups, device_);
  kernels::Plan plan = plan_;
  plan.layers = rows<kernels::Layer>(layer_table);
  plan.large = plan.small = rows<kernels::GroupPlace>(group_table);
  plan.large_count = slot.small ? 0 : layer.groups;
  plan.small_count = slot.small ? layer.groups : 0;
  backend_->fit(fit, plan, settings, /*fresh=*/true);
  backend_->fit_rest(fit, plan, settings, /*fresh=*/true, /*applies=*/false);
  const std::int64_t tiles = slot.groups * slot.tiles;
  const at::Tensor sums = at::zeros({tiles, 2}, of(at::kDouble, device_));
  backend_->compare(plan_, static_cast<std::int32_t>(place), books, settings,
                    sums.data_ptr<double>(), slot.first_tile, tiles);
  const at::Tensor both = sums.sum(0).to(at::kCPU);
  const double found = both.data_ptr<double>()[0], least = both.data_ptr<double>()[1];
  return found <= least ? 0 : found / least - 1;  // ŵ is rounded to float
}

}  // namespace laq::optim
