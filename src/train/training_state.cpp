#include <ATen/ATen.h>
#include <fmt/format.h>

#include <variant>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "train/training.hpp"

// What a checkpoint holds of a training.

namespace laq::train {
namespace {

template <typename T>
std::span<T> values(const at::Tensor& tensor) {
  return {tensor.data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

record::Shape shape_of(const at::Tensor& tensor) {
  record::Shape shape;
  for (const std::int64_t size : tensor.sizes()) shape.push_back(static_cast<std::size_t>(size));
  if (shape.empty()) shape.push_back(1);
  return shape;
}

// Calls visit(span) with the tensor's own element type.
template <typename Visit>
void with_values(const std::string& name, const at::Tensor& tensor, const Visit& visit) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return visit(values<float>(tensor));
    case at::kDouble:
      return visit(values<double>(tensor));
    case at::kLong:
      return visit(values<std::int64_t>(tensor));
    case at::kByte:
      return visit(values<std::uint8_t>(tensor));
    default:
      throw Error({.what = "a tensor of this type cannot be saved", .where = name});
  }
}

record::Blob blob_of(const std::string& name, const at::Tensor& tensor) {
  record::Blob blob{name, shape_of(tensor), std::span<const float>()};
  with_values(name, tensor, [&](auto span) {
    using T = typename decltype(span)::value_type;
    blob.values = std::span<const T>(span);
  });
  return blob;
}

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> Training::tensors() const {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const auto& item : model_->named_parameters())
    all.emplace_back("model:" + item.key(), item.value());
  for (const auto& item : model_->named_buffers())
    all.emplace_back("model:" + item.key(), item.value());
  for (const auto& [name, tensor] : optimizer_->state())
    all.emplace_back("optimizer:" + name, tensor);
  all.emplace_back("epoch:losses", losses_);
  all.emplace_back("epoch:seconds", seconds_);
  return all;
}

// A GPU may still be at work on steps that were handed to it: that is time of theirs.
void Training::wait_for_steps() const {
  if (losses_.is_cpu() || position_.step_in_epoch == 0) return;
  const auto start = Clock::now();
  losses_.to(at::kCPU);
  seconds_.data_ptr<double>()[position_.step_in_epoch - 1] += since(start);
}

std::vector<record::Blob> Training::blobs() const {
  wait_for_steps();
  std::vector<record::Blob> blobs;
  saved_.clear();
  for (const auto& [name, tensor] : tensors()) {
    saved_.push_back(tensor.to(at::kCPU));  // itself, when it is there
    blobs.push_back(blob_of(name, saved_.back()));
  }
  return blobs;
}

std::vector<record::Blob> Training::copied_blobs() const {
  wait_for_steps();
  const at::NoGradGuard no_gradient;
  const auto all = tensors();
  if (copies_.empty()) {
    for (const auto& [name, tensor] : all) {
      copies_.push_back(
          at::empty(tensor.sizes(),
                    at::TensorOptions(tensor.scalar_type()).pinned_memory(losses_.is_cuda())));
    }
  }
  std::vector<record::Blob> blobs;
  for (std::size_t i = 0; i < all.size(); ++i) {
    copies_[i].copy_(all[i].second, /*non_blocking=*/true);
    blobs.push_back(blob_of(all[i].first, copies_[i]));
  }
  next_.to(at::kCPU);  // waits for those before
  return blobs;
}

record::CheckpointState Training::checkpoint_state() const {
  std::map<std::string, std::string> texts = task_.texts();
  const record::RunIdentity identity = run_.identity();
  texts["config_hash"] = identity.hash;
  texts["experiment"] = identity.experiment;
  texts["method"] = identity.method;
  return {{{"epoch", position_.epoch},
           {"step_in_epoch", position_.step_in_epoch},
           {"steps", position_.steps},
           {"optimizer_steps", optimizer_->steps()},
           {"seed", run_.request.seed}},
          std::move(texts),
          history_};
}

void Training::restore(const record::CheckpointReader& checkpoint) {
  const record::CheckpointState& state = checkpoint.state();
  record::require_run(checkpoint.file(), record::identity_of(state), run_.identity());
  const at::NoGradGuard no_gradient;
  for (const auto& [name, tensor] : tensors()) {
    // Earlier versions did not keep these: they saved only where a step comes before the next
    // report, and the solver had no state. What solvers keep is another thing on another device.
    const bool new_since = name.ends_with(":levels") || name.ends_with(":rounds") ||
                           name.ends_with(":solver_state") || name.ends_with(":thresholds") ||
                           name.ends_with(":kept");
    if (new_since && !checkpoint.has(name)) continue;
    const at::Tensor host = tensor.to(at::kCPU);
    with_values(name, host, [&, &named = name](auto span) { checkpoint.read_into(named, span); });
    if (!tensor.is_cpu()) tensor.copy_(host);
  }
  const auto counter = [&](const char* name) {
    const auto found = state.counters.find(name);
    if (found == state.counters.end()) {
      throw Error({.what = "the checkpoint lacks a counter",
                   .expected = name,
                   .advice = "delete it to start anew"});
    }
    return found->second;
  };
  position_.epoch = counter("epoch");
  position_.step_in_epoch = counter("step_in_epoch");
  if (position_.epoch < 0 || position_.epoch > run_.train.epochs || position_.step_in_epoch < 0 ||
      position_.step_in_epoch > position_.steps_per_epoch) {
    throw Error(
        {.what = "the checkpoint is of no step of this run",
         .where = checkpoint.file().string(),
         .found = fmt::format("step {} of epoch {}", position_.step_in_epoch, position_.epoch),
         .expected = fmt::format("at most {} of {}", position_.steps_per_epoch, run_.train.epochs),
         .advice = "delete it to start anew"});
  }
  position_.steps = counter("steps");
  optimizer_->set_steps(counter("optimizer_steps"));
  history_ = state.history;
  begin_epoch();
}

}  // namespace laq::train
