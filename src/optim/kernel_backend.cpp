#include <ATen/ATen.h>
#ifdef LAQ_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#endif

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.hpp"
#include "kernels/queue.hpp"
#include "optim/backend.hpp"
#include "optim/layer_report.hpp"
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

template <typename T>
T* pointer(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<T>() : nullptr;
}

std::unique_ptr<kernels::Queue> queue_for(const at::Device& device) {
#ifdef LAQ_CUDA
  if (device.is_cuda()) {
    const c10::cuda::CUDAGuard guard(device);
    return kernels::make_cuda_queue();
  }
#endif
  if (device.is_cpu()) return kernels::make_serial_queue();
  throw Error({.what = "this build cannot train on such a device",
               .found = device.str(),
               .expected = "cpu, or cuda of a LibTorch with CUDA, built where nvcc is",
               .advice = "see docs/gpu.md"});
}

/// The most pieces of a relaxed ŵ of so many levels (`quant::relax`).
int most_pieces(int levels) {
  return 3 * levels;
}

/// A slot, as the kernels have it.
struct Part {
  Slot* slot = nullptr;
  bool small = false;
  bool moved = false;  // in this step, before `update`
  std::int64_t tiles = 0, first_tile = 0;
  int first_group = 0;  // among the large ones, or the small ones
  // Of the codebooks, besides what the slot has; what the solver keeps; what a pass gathers.
  at::Tensor thresholds, values, knots, offsets, slopes, piece_count;
  at::Tensor kept, lost, sums, near, near_count;
};

/// By kernels: on a GPU without a wait for the host. A method that is host code is asked for its
/// fit, whose sums are brought to the host.
class KernelBackend : public Backend {
 public:
  KernelBackend(Memory& memory, std::int64_t small_group);

  void start() override;
  void prepare(const kernels::Step& next) override;
  void update(const kernels::Step& now) override;
  bool capturable() const override { return !by_host(); }
  Tally tally(Slot& slot) override;
  Objective objective(Slot& slot, const quant::Quantizer& exact) override;
  std::int64_t windows_lost() const override;

 private:
  struct Early;

  void make_parts(std::int64_t small_group);
  void make_memory(Part& part);
  void make_tables();
  kernels::Layer layer_of(Part& part);
  std::size_t place_of(const Slot& slot) const;
  bool by_host() const { return method_ && std::holds_alternative<std::monostate>(fit_); }
  void use_stream();
  kernels::Plan plan_of(std::size_t first, std::size_t count) const;
  void move(std::size_t first, std::size_t count, const kernels::Step& now);
  void move_rest(const kernels::Step& now);
  void fit(std::size_t first, std::size_t count);
  bool goes_early(const Slot& slot) const;
  void begin_early();
  bool joined_begin();
  void join_early();
  void fit_by_host(Part& part, double progress);
  void learn_by_host(Slot& slot, const at::Tensor& gradient, const kernels::Step& now);

  Memory& memory_;
  const quant::Quantizer* method_;
  quant::DeviceFit fit_;
  at::Device device_;
  std::unique_ptr<kernels::Queue> queue_;
  kernels::Settings settings_, small_settings_;
  kernels::Plan plan_;
  std::vector<Part> parts_;            // large ones first
  std::vector<at::Tensor> gradients_;  // until the kernels that read them are queued
  std::unique_ptr<Early> early_;       // on a GPU
  at::Tensor layer_table_, tile_table_, large_table_, small_table_, step_, shared_;
};

// Whether a layer is updated next to the backward pass; smaller ones together at the end.
bool KernelBackend::goes_early(const Slot& slot) const {
  constexpr std::int64_t kLeast = 1 << 14;
  return device_.is_cuda() && !by_host() && slot.parameter.tensor.numel() >= kLeast;
}

#ifdef LAQ_CUDA
/// The updates that run next to the backward pass: each on a stream of its own, which goes first.
struct KernelBackend::Early {
  struct Layer : torch::autograd::PostAccumulateGradHook {
    Layer(KernelBackend* backend, std::size_t part)
        : owner(backend),
          place(part),
          stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, owner->device_.index())) {}
    void operator()(const at::Tensor&) override { owner->early_->update(*this); }

    KernelBackend* owner;
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
    KernelBackend& all = *layer.owner;
    Part& part = all.parts_[layer.place];
    at::Tensor& gradient = part.slot->parameter.tensor.mutable_grad();
    gradient = gradient.contiguous();
    layer.ready.record(c10::cuda::getCurrentCUDAStream(all.device_.index()));
    layer.ready.block(layer.stream);
    all.queue_->on_stream(layer.stream.stream());
    if (updated.empty()) {
      all.queue_->advance(all.fit_, all.plan_, all.settings_);
      begun.record(layer.stream);
    } else {
      begun.block(layer.stream);
    }
    updated.push_back(&layer);
    const kernels::Step on_device;  // as the step's constants are
    all.move(layer.place, 1, on_device);
    part.moved = true;
    if (part.slot->quantized) all.fit(layer.place, 1);
    layer.done.record(layer.stream);
  }

  std::vector<at::Tensor> hooked;
  std::vector<Layer*> updated;  // in this step
  at::cuda::CUDAEvent begun;    // the step's constants are there
};

void KernelBackend::begin_early() {
  if (!device_.is_cuda() || by_host()) return;
  early_ = std::make_unique<Early>();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!goes_early(*parts_[i].slot)) continue;
    const at::Tensor& tensor = parts_[i].slot->parameter.tensor;
    torch::autograd::impl::set_post_acc_grad_hooks(tensor, std::make_unique<Early::Layer>(this, i));
    early_->hooked.push_back(tensor);
  }
}

// Whether the step has begun; then the present stream has its constants.
bool KernelBackend::joined_begin() {
  if (!early_ || early_->updated.empty()) return false;
  early_->begun.block(c10::cuda::getCurrentCUDAStream(device_.index()));
  return true;
}

// The present stream waits for what was updated.
void KernelBackend::join_early() {
  if (!early_) return;
  for (auto* layer : early_->updated)
    layer->done.block(c10::cuda::getCurrentCUDAStream(device_.index()));
  early_->updated.clear();
}
#else
struct KernelBackend::Early {};

void KernelBackend::begin_early() {}

bool KernelBackend::joined_begin() {
  return false;
}

void KernelBackend::join_early() {}
#endif

KernelBackend::KernelBackend(Memory& memory, std::int64_t small_group)
    : memory_(memory),
      method_(memory.quantizer.method.get()),
      device_(memory.slots.front().parameter.tensor.device()),
      queue_(queue_for(device_)),
      settings_(memory.settings) {
  if (method_) {
    fit_ = method_->device_fit();
    settings_.own_gradient = !by_host() && method_->gradient();
    settings_.learns_scales = !by_host() && method_->learns_scales();
    settings_.gather = kernels::gather_of(fit_);
  }
  small_settings_ = settings_;
  small_settings_.gather = {.gradient = settings_.gather.gradient};
  step_ = at::zeros({static_cast<std::int64_t>(sizeof(kernels::Step))}, of(kBytes, device_));
  shared_ = at::zeros({static_cast<std::int64_t>(queue_->shared_bytes()) + 1}, of(kBytes, device_));
  make_parts(small_group);
  make_tables();
  begin_early();
}

void KernelBackend::start() {
  use_stream();
  if (by_host()) {
    for (auto& part : parts_) {
      if (part.slot->quantized) fit_by_host(part, 0);
    }
  } else {
    queue_->fit(fit_, plan_, settings_, /*fresh=*/true);
    queue_->fit_rest(fit_, plan_, settings_, /*fresh=*/true, /*applies=*/false);
  }
  queue_->apply(plan_, settings_, /*held=*/false);
}

void KernelBackend::make_parts(std::int64_t small_group) {
  for (auto& slot : memory_.slots) {
    Part& part = parts_.emplace_back();
    part.slot = &slot;
    part.small = slot.quantized && slot.group_size() <= small_group;
  }
  // What is updated together stands together.
  const auto place = [&](const Part& part) {
    return std::pair(part.small, !goes_early(*part.slot));
  };
  std::stable_sort(parts_.begin(), parts_.end(),
                   [&](const Part& a, const Part& b) { return place(a) < place(b); });
  for (auto& part : parts_) make_memory(part);
}

void KernelBackend::make_memory(Part& part) {
  Slot& slot = *part.slot;
  part.tiles = (slot.group_size() + kernels::kTile - 1) / kernels::kTile;
  if (!slot.quantized) return;
  const auto zeros = [&](at::IntArrayRef sizes, at::ScalarType type) {
    return at::zeros(sizes, of(type, device_));
  };
  const auto levels = static_cast<std::int64_t>(memory_.codes.size());
  part.thresholds = zeros({slot.groups, levels - 1}, at::kFloat);
  part.kept = zeros({slot.groups, kernels::kKept}, at::kDouble);
  slot.solver = {{"thresholds", part.thresholds}, {"kept", part.kept}};
  part.values = zeros({slot.groups, levels}, at::kFloat);
  part.lost = zeros({slot.groups}, at::kInt);
  if (!method_->discrete(0)) {
    const std::int64_t pieces = most_pieces(static_cast<int>(levels));
    part.knots = zeros({slot.groups, pieces}, at::kFloat);
    part.offsets = zeros({slot.groups, pieces}, at::kDouble);
    part.slopes = zeros({slot.groups, pieces}, at::kDouble);
    part.piece_count = zeros({slot.groups}, at::kInt);
  }
  const kernels::Gather& gather = (part.small ? small_settings_ : settings_).gather;
  part.sums = zeros({slot.groups, gather.rows(), part.tiles}, at::kDouble);
  if (gather.windows > 0) {
    part.near = zeros({slot.groups * part.tiles * kernels::kNearOfTile, 2}, at::kFloat);
    part.near_count = zeros({slot.groups, part.tiles}, at::kInt);
  }
}

kernels::Layer KernelBackend::layer_of(Part& part) {
  const Slot& slot = *part.slot;
  kernels::Layer layer;
  layer.size = slot.group_size();
  layer.groups = static_cast<std::int32_t>(slot.groups);
  layer.quantized = slot.quantized;
  layer.latent = slot.latent.data_ptr<float>();
  layer.first = slot.first.data_ptr<float>();
  layer.second = slot.second.data_ptr<float>();
  layer.quantized_values = slot.parameter.tensor.data_ptr<float>();
  layer.tiles = static_cast<std::int32_t>(part.tiles);
  if (!slot.quantized) return layer;
  kernels::Books& books = layer.books;
  books.levels = static_cast<int>(memory_.codes.size());
  books.scale_count = static_cast<int>(slot.scales.values.size(1));
  books.thresholds = pointer<float>(part.thresholds);
  books.values = pointer<float>(part.values);
  books.exact_values = pointer<double>(slot.levels);
  books.scales = pointer<double>(slot.scales.values);
  books.rounds = pointer<std::int64_t>(slot.rounds);
  books.pieces = part.knots.defined() ? static_cast<int>(part.knots.size(1)) : 0;
  books.knots = pointer<float>(part.knots);
  books.offsets = pointer<double>(part.offsets);
  books.slopes = pointer<double>(part.slopes);
  books.piece_count = pointer<std::int32_t>(part.piece_count);
  layer.scale_first = pointer<double>(slot.scales.first);
  layer.scale_second = pointer<double>(slot.scales.second);
  layer.kept = pointer<double>(part.kept);
  layer.lost = pointer<std::int32_t>(part.lost);
  layer.sums = pointer<double>(part.sums);
  layer.near = reinterpret_cast<kernels::Near*>(pointer<float>(part.near));
  layer.near_count = pointer<std::int32_t>(part.near_count);
  layer.level_index = pointer<std::uint8_t>(slot.level_index);
  return layer;
}

// The kernels' view of the parts, once for all steps.
void KernelBackend::make_tables() {
  std::vector<kernels::Layer> layers;
  std::vector<kernels::Tile> tiles;
  std::vector<kernels::GroupPlace> large, small;
  for (auto& part : parts_) {
    const auto place = static_cast<std::int32_t>(layers.size());
    const kernels::Layer layer = layer_of(part);
    auto& groups = part.small ? small : large;
    part.first_tile = static_cast<std::int64_t>(tiles.size());
    part.first_group = static_cast<int>(groups.size());
    for (std::int32_t g = 0; g < layer.groups; ++g) {
      for (std::int32_t t = 0; t < layer.tiles; ++t)
        tiles.push_back(kernels::tile_of(layer, {place, g}, t));
      if (layer.quantized) groups.push_back({place, g});
    }
    if (part.small && layer.size <= kernels::kHeldGroup)
      plan_.most_held = std::max(plan_.most_held, layer.size);
    plan_.book_bytes = std::max(plan_.book_bytes, kernels::book_bytes(layer.books));
    layers.push_back(layer);
  }
  layer_table_ = table(layers, device_);
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

std::size_t KernelBackend::place_of(const Slot& slot) const {
  const auto at = std::find_if(parts_.begin(), parts_.end(),
                               [&](const Part& part) { return part.slot == &slot; });
  return static_cast<std::size_t>(at - parts_.begin());
}

void KernelBackend::use_stream() {
#ifdef LAQ_CUDA
  if (device_.is_cuda())
    queue_->on_stream(c10::cuda::getCurrentCUDAStream(device_.index()).stream());
#endif
}

void KernelBackend::prepare(const kernels::Step& next) {
  use_stream();
  queue_->set_step(plan_.step, next);
}

// Of some parts one after the other, all small or none.
kernels::Plan KernelBackend::plan_of(std::size_t first, std::size_t count) const {
  kernels::Plan plan = plan_;
  const Part &from = parts_[first], &last = parts_[first + count - 1];
  plan.tiles += from.first_tile;
  plan.tile_count = last.first_tile + last.slot->groups * last.tiles - from.first_tile;
  plan.large_count = plan.small_count = 0;
  if (!from.slot->quantized) return plan;
  const int groups = last.first_group + static_cast<int>(last.slot->groups) - from.first_group;
  if (from.small) {
    plan.small += from.first_group;
    plan.small_count = groups;
  } else {
    plan.large += from.first_group;
    plan.large_count = groups;
  }
  return plan;
}

void KernelBackend::update(const kernels::Step& now) {
  const bool begun = joined_begin();
  use_stream();
  if (by_host()) {
    queue_->set_step(plan_.step, now);
  } else if (!begun) {
    queue_->advance(fit_, plan_, settings_);
  }
  move_rest(now);  // next to the updates that are still under way
  join_early();
  gradients_.clear();
  if (!method_) return;
  if (by_host()) {
    for (auto& part : parts_) {
      if (part.slot->quantized) fit_by_host(part, now.progress);
    }
    use_stream();
    return queue_->apply(plan_, settings_, /*held=*/false);
  }
  queue_->fit_rest(fit_, plan_, settings_, /*fresh=*/false, /*applies=*/true);
}

// All parts that were not updated yet, as many at a time as may be.
void KernelBackend::move_rest(const kernels::Step& now) {
  const auto joins = [&](std::size_t first, std::size_t next) {
    return !parts_[next].moved && parts_[next].small == parts_[first].small &&
           next - first < static_cast<std::size_t>(kernels::kMostLayers);
  };
  const auto quantized = [&](std::size_t i) { return parts_[i].slot->quantized; };
  for (std::size_t first = 0; first < parts_.size();) {
    if (parts_[first].moved) {
      parts_[first++].moved = false;
      continue;
    }
    std::size_t end = first + 1;
    while (end < parts_.size() && joins(first, end)) ++end;
    move(first, end - first, now);
    for (std::size_t i = first; i < end && !by_host();) {
      std::size_t last = i + 1;  // quantized ones that stand together
      while (last < end && quantized(last) == quantized(i)) ++last;
      if (quantized(i)) fit(i, last - i);
      i = last;
    }
    first = end;
  }
}

// Quantized parts, as far as what was gathered does; `fit_rest` does the others.
void KernelBackend::fit(std::size_t first, std::size_t count) {
  const kernels::Plan plan = plan_of(first, count);
  queue_->fit(fit_, plan, settings_, /*fresh=*/false);
  // A small group that could not be fitted keeps its codebook.
  if (parts_[first].small || !plan_.always_whole)
    queue_->apply(plan, settings_, /*held=*/!parts_[first].small);
}

void KernelBackend::move(std::size_t first, std::size_t count, const kernels::Step& now) {
  kernels::TileRange tiles{parts_[first].first_tile, plan_of(first, count).tile_count,
                           static_cast<std::int32_t>(first)};
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = *parts_[first + i].slot;
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
    if (by_host() && slot.quantized && method_->gradient())
      learn_by_host(slot, gradients_.back(), now);
    tiles.gradients[i] = gradients_.back().data_ptr<float>();
  }
  queue_->move(fit_, plan_, tiles, parts_[first].small ? small_settings_ : settings_);
}

// ——— methods that are host code

void KernelBackend::learn_by_host(Slot& slot, const at::Tensor& gradient,
                                  const kernels::Step& now) {
  const double clip = settings_.clip_gradient;
  if (clip > 0) gradient.clamp_(-clip, clip);
  const auto bring = [](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.detach().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true)
                            : tensor;
  };
  const at::Tensor host = bring(gradient), latent = bring(slot.latent),
                   before = bring(slot.parameter.tensor);
  const GroupScales scales{bring(slot.scales.values), bring(slot.scales.first),
                           bring(slot.scales.second)};
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    quant::Group group{
        part(latent, slot, g), {}, part(before, slot, g), known_scales(scales.values[g])};
    group.progress = now.progress;
    learn(memory_, now, group, part(host, slot, g), scales, g);
  }
  gradient.copy_(host);
  if (!method_->learns_scales()) return;
  slot.scales.values.copy_(scales.values);
  slot.scales.first.copy_(scales.first);
  slot.scales.second.copy_(scales.second);
}

void KernelBackend::fit_by_host(Part& part, double progress) {
  Slot& slot = *part.slot;
  at::Tensor curvature;
  if (settings_.curvature)
    curvature = curvature_of(slot, settings_.squared_curvature).view({slot.groups, -1});
  const at::Tensor latent = slot.latent.view({slot.groups, -1}),
                   before = slot.parameter.tensor.detach().view({slot.groups, -1});
  const at::Tensor scales = slot.scales.values.to(at::kCPU, false, /*copy=*/true);
  for (std::int64_t g = 0; g < slot.groups; ++g) {
    TensorSums sums(latent[g], curvature.defined() ? curvature[g] : at::Tensor(), before[g],
                    known_scales(scales[g]), progress);
    const quant::Codebook book = method_->fit(sums);
    const auto bring = [&](const auto& values, at::ScalarType type, const at::Tensor& to) {
      const auto n = static_cast<std::int64_t>(values.size());
      if (n > 0) to.narrow(0, 0, n).copy_(at::tensor(values, at::TensorOptions(type)));
    };
    require_levels(book, memory_.codes.size());
    bring(book.thresholds, at::kFloat, part.thresholds[g]);
    bring(book.values, at::kDouble, slot.levels[g]);
    bring(book.values, at::kDouble, part.values[g]);
    bring(book.scales, at::kDouble, slot.scales.values[g]);
    slot.rounds[g].fill_(book.rounds);
    if (part.piece_count.defined()) {
      bring(book.knots, at::kFloat, part.knots[g]);
      bring(book.offsets, at::kDouble, part.offsets[g]);
      bring(book.slopes, at::kDouble, part.slopes[g]);
      part.piece_count[g].fill_(static_cast<std::int64_t>(book.slopes.size()));
    }
  }
}

// ——— the report

std::int64_t KernelBackend::windows_lost() const {
  std::int64_t groups = 0;
  for (const auto& part : parts_) {
    if (part.lost.defined()) groups += part.lost.sum().item<std::int64_t>();
  }
  return groups;
}

Tally KernelBackend::tally(Slot& slot) {
  use_stream();
  const std::size_t place = place_of(slot);
  const Part& part = parts_[place];
  const std::int64_t tiles = slot.groups * part.tiles;
  const kernels::ReportLayout layout{static_cast<int>(memory_.codes.size()),
                                     static_cast<int>(kLatentBins)};
  const at::Tensor largest = slot.latent.abs().max();
  // After a restore the float levels may not be there yet.
  part.values.copy_(slot.levels);
  const at::Tensor counts = at::zeros({tiles, layout.counts()}, of(at::kInt, device_));
  const at::Tensor sums =
      at::zeros({tiles, kernels::ReportLayout::kSums}, of(at::kDouble, device_));
  kernels::ReportRequest request;
  request.layer = static_cast<std::int32_t>(place);
  request.first_tile = part.first_tile;
  request.layout = layout;
  request.zero_level = static_cast<int>(zero_level(memory_.codes));
  request.relaxes = !method_->discrete(0);
  request.largest = largest.data_ptr<float>();
  request.counts = counts.data_ptr<std::int32_t>();
  request.sums = sums.data_ptr<double>();
  queue_->report(plan_, request, tiles);
  Tally tally{numbers(counts.sum(0)), {}, numbers(largest)[0]};
  const std::vector<double> summed = numbers(sums.sum(0));
  std::copy(summed.begin(), summed.end(), tally.sums.begin());
  return tally;
}

Objective KernelBackend::objective(Slot& slot, const quant::Quantizer& exact) {
  use_stream();
  const std::size_t place = place_of(slot);
  const quant::DeviceFit fit = exact.device_fit();
  kernels::Settings settings = settings_;
  settings.gather = {};
  settings.own_gradient = settings.learns_scales = false;
  settings.curvature = exact.uses_curvature();
  settings.squared_curvature = exact.squared_curvature();
  // The optimum of these weights alone, in a codebook of its own.
  Slot other_slot = slot;
  Part other = parts_[place];
  other.slot = &other_slot;
  other.knots = other.piece_count = at::Tensor();
  for (at::Tensor* own : {&other_slot.scales.values, &other_slot.levels, &other_slot.rounds,
                          &other.thresholds, &other.kept, &other.values, &other.lost})
    *own = at::zeros_like(*own);
  const kernels::Layer layer = layer_of(other);
  std::vector<kernels::GroupPlace> groups;
  for (std::int32_t g = 0; g < layer.groups; ++g) groups.push_back({0, g});
  const at::Tensor layer_table = table(std::vector{layer}, device_),
                   group_table = table(groups, device_);
  kernels::Plan plan = plan_;
  plan.layers = rows<kernels::Layer>(layer_table);
  plan.large = plan.small = rows<kernels::GroupPlace>(group_table);
  plan.large_count = other.small ? 0 : layer.groups;
  plan.small_count = other.small ? layer.groups : 0;
  queue_->fit(fit, plan, settings, /*fresh=*/true);
  queue_->fit_rest(fit, plan, settings, /*fresh=*/true, /*applies=*/false);
  const std::int64_t tiles = slot.groups * other.tiles;
  const at::Tensor sums = at::zeros({tiles, 2}, of(at::kDouble, device_));
  queue_->compare(plan_, static_cast<std::int32_t>(place), layer.books, settings,
                  sums.data_ptr<double>(), other.first_tile, tiles);
  const std::vector<double> both = numbers(sums.sum(0));
  return {both[0], both[1]};
}

}  // namespace

std::unique_ptr<Backend> make_kernel_backend(Memory& memory, std::int64_t small_group) {
  return std::make_unique<KernelBackend>(memory, small_group);
}

}  // namespace laq::optim
