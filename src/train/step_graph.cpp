#include "train/step_graph.hpp"

#ifdef LAQ_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include "core/error.hpp"
#include "core/text.hpp"
#endif

namespace laq::train {

#ifdef LAQ_CUDA
namespace {

// Libraries choose their algorithms and make their workspaces in the first steps.
constexpr int kStepsBefore = 3;

}  // namespace

struct StepGraph::Capture {
  at::cuda::CUDAGraph graph;
  Batch batch;      // what the graph reads
  at::Tensor loss;  // what it writes; undefined until it is captured
  int steps = 0;

  void take(const Work& work) {
    c10::cuda::getCurrentCUDAStream().synchronize();
    try {
      graph.capture_begin();
      loss = work(batch);
      graph.capture_end();
    } catch (const std::exception& error) {
      throw Error({.what = "a training step cannot be captured in a CUDA graph",
                   .found = first_line(error.what()),
                   .advice = "run it with --no-graph"});
    }
  }
};

StepGraph::StepGraph(c10::Device device, bool capture) : device_(device) {
  if (!device.is_cuda()) return;
  if (device.has_index()) c10::cuda::set_device(device.index());
  c10::cuda::device_synchronize();
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
  if (capture) capture_ = std::make_unique<Capture>();
}

at::Tensor StepGraph::run(const Batch& batch, const Work& work) {
  if (!device_.is_cuda()) return work(batch);
  if (!capture_) return work(to_device(batch, device_));
  if (capture_->batch.input.defined()) {
    capture_->batch.input.copy_(batch.input.pin_memory(), /*non_blocking=*/true);
    capture_->batch.target.copy_(batch.target.pin_memory(), /*non_blocking=*/true);
  } else {
    capture_->batch = to_device(batch, device_);
  }
  if (capture_->steps++ < kStepsBefore) return work(capture_->batch);
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
