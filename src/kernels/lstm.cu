#include "kernels/gpu_launch.cuh"
#include "kernels/lstm.hpp"
#include "kernels/lstm_step.hpp"

namespace laq::kernels {
namespace {

// Neighbouring threads take neighbouring units; small blocks spread a step over the processors.
constexpr int kThreads = 128;

template <typename T>
__global__ void __launch_bounds__(kThreads) forward_kernel(const LstmForward<T> step) {
  const std::int64_t unit = static_cast<std::int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  if (unit < step.units) forward_at(step, blockIdx.x, unit);
}

template <typename T>
__global__ void __launch_bounds__(kThreads) backward_kernel(const LstmBackward<T> step) {
  const std::int64_t unit = static_cast<std::int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  if (unit < step.units) backward_at(step, blockIdx.x, unit);
}

template <typename Kernel, typename Step>
void launch(Kernel kernel, const Step& step, void* stream, const char* what) {
  if (step.batch == 0 || step.units == 0) return;
  const dim3 blocks(static_cast<unsigned>(step.batch),
                    static_cast<unsigned>((step.units + kThreads - 1) / kThreads));
  kernel<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(step);
  launched(what);
}

}  // namespace

template <typename T>
void lstm_step_on_gpu(const LstmForward<T>& step, void* stream) {
  launch(forward_kernel<T>, step, stream, "lstm_forward");
}

template <typename T>
void lstm_step_on_gpu(const LstmBackward<T>& step, void* stream) {
  launch(backward_kernel<T>, step, stream, "lstm_backward");
}

template void lstm_step_on_gpu<float>(const LstmForward<float>&, void*);
template void lstm_step_on_gpu<double>(const LstmForward<double>&, void*);
template void lstm_step_on_gpu<float>(const LstmBackward<float>&, void*);
template void lstm_step_on_gpu<double>(const LstmBackward<double>&, void*);

}  // namespace laq::kernels
