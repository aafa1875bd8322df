#include "train/step_graph.hpp"

#ifdef LAQ_CUDA
#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <array>

#include "core/error.hpp"
#include "core/text.hpp"
#endif

namespace laq::train {

#ifdef LAQ_CUDA
namespace {

// Libraries choose their algorithms and make their workspaces in the first steps.
constexpr int kStepsBefore = 3;

/// Batches on their way. The host waits before it overwrites one that the device has not read, so
/// it is at most two steps ahead.
class Staging {
 public:
  /// Copies `from` into `to`, queued; `to` is made when it is undefined.
  void bring(const Batch& from, Batch& to, c10::Device device) {
    Place& place = places_[next_ = 1 - next_];
    place.read.synchronize();  // at once when it was never recorded
    refill(from.input, place.batch.input);
    refill(from.target, place.batch.target);
    queue(place.batch.input, to.input, device);
    queue(place.batch.target, to.target, device);
    place.read.record();
  }

 private:
  struct Place {
    Batch batch;  // in pinned memory, from which copies are queued like any other work
    at::cuda::CUDAEvent read;
  };

  static void refill(const at::Tensor& from, at::Tensor& pinned) {
    if (!pinned.defined()) pinned = at::empty_like(from).pin_memory();
    pinned.copy_(from);
  }

  static void queue(const at::Tensor& pinned, at::Tensor& to, c10::Device device) {
    if (!to.defined()) to = at::empty(pinned.sizes(), pinned.options().device(device));
    to.copy_(pinned, /*non_blocking=*/true);
  }

  std::array<Place, 2> places_;
  std::size_t next_ = 0;
};

}  // namespace

struct StepGraph::Capture {
  bool wanted = false;
  Staging staging;
  at::cuda::CUDAGraph graph;
  Batch batch;      // what the graph reads
  at::Tensor loss;  // what it writes; undefined until it is captured
  int steps = 0;

  void take(const Work& work) {
    c10::cuda::getCurrentCUDAStream().synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();  // the graph has memory of its own
    try {
      graph.capture_begin();
      loss = work(batch);
      graph.capture_end();
    } catch (const std::exception& error) {
      const std::string reason = first_line(error.what());
      try {
        graph.capture_end();
      } catch (const std::exception&) {
        // What went wrong is told.
      }
      throw Error({.what = "a training step cannot be captured in a CUDA graph",
                   .found = reason,
                   .advice = "run it with --no-graph"});
    }
  }
};

StepGraph::StepGraph(c10::Device device, bool capture) : device_(device) {
  if (!device.is_cuda()) return;
  if (device.has_index()) c10::cuda::set_device(device.index());
  c10::cuda::device_synchronize();
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
  capture_ = std::make_unique<Capture>();
  capture_->wanted = capture;
}

at::Tensor StepGraph::run(const Batch& batch, const Work& work) {
  if (!device_.is_cuda()) return work(batch);
  capture_->staging.bring(batch, capture_->batch, device_);
  if (!capture_->wanted || capture_->steps++ < kStepsBefore) return work(capture_->batch);
  if (!capture_->loss.defined()) capture_->take(work);
  capture_->graph.replay();
  return capture_->loss;
}

std::string device_name(c10::Device device) {
  if (!device.is_cuda()) return "cpu";
  return at::cuda::getDeviceProperties(device.has_index() ? device.index() : 0)->name;
}
#else
struct StepGraph::Capture {};

StepGraph::StepGraph(c10::Device device, bool) : device_(device) {}

at::Tensor StepGraph::run(const Batch& batch, const Work& work) {
  return work(to_device(batch, device_));
}

std::string device_name(c10::Device device) {
  return device.str();
}
#endif

StepGraph::~StepGraph() = default;

}  // namespace laq::train
