#include "train/staging.hpp"

#ifdef LAQ_CUDA
#include <ATen/ATen.h>
#include <ATen/cuda/CUDAEvent.h>

#include <array>
#endif

namespace laq::train {

#ifdef LAQ_CUDA
/// The host waits before it overwrites a batch that the device has not read, so it is at most two
/// batches ahead.
struct Staging::Pinned {
  struct Place {
    Batch batch;  // in pinned memory, from which copies are queued like any other work
    at::cuda::CUDAEvent read;
  };

  void bring(const Batch& from, Batch& to, c10::Device device) {
    Place& place = places[next = 1 - next];
    place.read.synchronize();  // at once when it was never recorded
    refill(from.input, place.batch.input);
    refill(from.target, place.batch.target);
    queue(place.batch.input, to.input, device);
    queue(place.batch.target, to.target, device);
    place.read.record();
  }

  static void refill(const at::Tensor& from, at::Tensor& pinned) {
    if (!pinned.defined()) pinned = at::empty_like(from).pin_memory();
    pinned.copy_(from);
  }

  static void queue(const at::Tensor& pinned, at::Tensor& to, c10::Device device) {
    if (!to.defined()) to = at::empty(pinned.sizes(), pinned.options().device(device));
    to.copy_(pinned, /*non_blocking=*/true);
  }

  std::array<Place, 2> places;
  std::size_t next = 0;
};

Staging::Staging(c10::Device device) : device_(device) {
  if (device.is_cuda()) pinned_ = std::make_unique<Pinned>();
}
#else
struct Staging::Pinned {};

Staging::Staging(c10::Device device) : device_(device) {}
#endif

Staging::~Staging() = default;

const Batch& Staging::bring(Batch batch) {
#ifdef LAQ_CUDA
  if (pinned_) {
    pinned_->bring(batch, here_, device_);
    return here_;
  }
#endif
  here_ = device_.is_cpu() ? std::move(batch) : to_device(batch, device_);
  return here_;
}

}  // namespace laq::train
