#pragma once

#include <cuda_runtime_api.h>

#include "kernels/backend.hpp"

namespace laq::kernels {

/// `Backend::move`.
void launch_move(const quant::DeviceFit& fit, const Plan& plan, const TileRange& range,
                 const Settings& settings, cudaStream_t stream);

}  // namespace laq::kernels
