#pragma once

#include <cuda_runtime_api.h>

#include "kernels/queue.hpp"

namespace laq::kernels {

/// `Queue::move`.
void launch_move(const quant::DeviceFit& fit, const Plan& plan, const TileRange& range,
                 const Settings& settings, cudaStream_t stream);

}  // namespace laq::kernels
