#include "train/step_graph.hpp"

#include <algorithm>
#include <limits>

#ifdef LAQ_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <array>

#include "core/error.hpp"
#include "core/text.hpp"
#endif

namespace laq::train {
namespace {

// Libraries choose their algorithms and make their workspaces in the first steps.
constexpr std::int64_t kStepsBefore = 3;

}  // namespace

std::int64_t StepGraph::chunk(std::int64_t most) const {
  const std::int64_t until_capture = kStepsBefore - steps_;
  return std::min(most, until_capture > 0 ? until_capture : kChunk);
}

#ifdef LAQ_CUDA
struct StepGraph::Gpu {
  // A thread that waits for one sleeps: as many runs may share the machine.
  static at::cuda::CUDAEvent event() {
    return at::cuda::CUDAEvent(cudaEventDisableTiming | cudaEventBlockingSync);
  }

  bool wanted = false, captured = false;
  at::cuda::CUDAGraph graph;
  std::array<at::cuda::CUDAEvent, 2> ends{event(), event()};  // of the last chunks
  std::size_t last = 0;
};

StepGraph::StepGraph(c10::Device device, bool capture) {
  if (!device.is_cuda()) return;
  if (device.has_index()) c10::cuda::set_device(device.index());
  c10::cuda::device_synchronize();
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
  gpu_ = std::make_unique<Gpu>();
  gpu_->wanted = capture;
}

bool StepGraph::capture_due() const {
  return gpu_ && gpu_->wanted && !gpu_->captured && steps_ >= kStepsBefore;
}

void StepGraph::capture(const Work& work) {
  c10::cuda::getCurrentCUDAStream().synchronize();
  c10::cuda::CUDACachingAllocator::emptyCache();  // the graph has memory of its own
  try {
    gpu_->graph.capture_begin();
    work();
    gpu_->graph.capture_end();
  } catch (const std::exception& error) {
    const std::string reason = first_line(error.what());
    try {
      gpu_->graph.capture_end();
    } catch (const std::exception&) {
      // What went wrong is told.
    }
    throw Error({.what = "a training step cannot be captured in a CUDA graph",
                 .found = reason,
                 .advice = "run it with --no-graph"});
  }
  gpu_->captured = true;
}

void StepGraph::run(std::int64_t times, const Work& work) {
  steps_ += times;
  if (!gpu_) {
    for (std::int64_t i = 0; i < times; ++i) work();
    return;
  }
  auto& end = gpu_->ends[gpu_->last = 1 - gpu_->last];
  end.synchronize();  // of the chunk before the last; at once when it was never recorded
  for (std::int64_t i = 0; i < times; ++i) gpu_->captured ? gpu_->graph.replay() : work();
  end.record();
}

std::string device_name(c10::Device device) {
  if (!device.is_cuda()) return "cpu";
  return at::cuda::getDeviceProperties(device.has_index() ? device.index() : 0)->name;
}

std::int64_t free_memory(c10::Device device) {
  if (!device.is_cuda()) return std::numeric_limits<std::int64_t>::max();
  const c10::cuda::OptionalCUDAGuard guard(device);
  std::size_t free = 0, total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<std::int64_t>(free);
}
#else
struct StepGraph::Gpu {};

StepGraph::StepGraph(c10::Device, bool) {}

bool StepGraph::capture_due() const {
  return false;
}

void StepGraph::capture(const Work&) {}

void StepGraph::run(std::int64_t times, const Work& work) {
  steps_ += times;
  for (std::int64_t i = 0; i < times; ++i) work();
}

std::string device_name(c10::Device device) {
  return device.str();
}

std::int64_t free_memory(c10::Device) {
  return std::numeric_limits<std::int64_t>::max();
}
#endif

StepGraph::~StepGraph() = default;

}  // namespace laq::train
