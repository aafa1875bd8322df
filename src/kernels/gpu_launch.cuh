#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <stdexcept>
#include <string>

// Launches of kernels. Each .cu file has what is here to itself.

namespace laq::kernels {
namespace {

[[maybe_unused]] void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(error));
}

[[maybe_unused]] void launched(const char* what) {
  check(cudaGetLastError(), what);
}

/// Lets a kernel's blocks have so much dynamic memory.
template <typename Kernel>
void allow(Kernel* kernel, std::size_t bytes, const char* what) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)),
        what);
}

/// All blocks run at once, so that they can wait for each other.
template <typename Kernel, typename... Arguments>
void launch_together(Kernel* kernel, dim3 blocks, int threads, std::size_t bytes,
                     cudaStream_t stream, const char* what, const Arguments&... arguments) {
  allow(kernel, bytes, what);
  cudaLaunchAttribute together = {};
  together.id = cudaLaunchAttributeCooperative;
  together.val.cooperative = 1;
  cudaLaunchConfig_t how = {};
  how.gridDim = blocks;
  how.blockDim = dim3(static_cast<unsigned>(threads));
  how.dynamicSmemBytes = bytes;
  how.stream = stream;
  how.attrs = &together;
  how.numAttrs = 1;
  check(cudaLaunchKernelEx(&how, kernel, arguments...), what);
}

}  // namespace
}  // namespace laq::kernels
