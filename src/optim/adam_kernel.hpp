#pragma once

#include <cstddef>
#include <functional>

#include "kernels/adam.hpp"

namespace laq::optim {

using kernels::AdamStep;

/// Told of weights begin … begin + count − 1 that have their new values, and of their curvature
/// (null when it was not asked for), while both are in cache. The blocks are those of
/// `for_cache_blocks`.
using AfterBlock =
    std::function<void(std::size_t begin, std::size_t count, const float* curvature)>;

/// `kernels::move_weight` of n parameters in one pass over memory, in parallel. `curved`: `after`
/// gets d = √v + 1e-8, or its square.
void adam_update(float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep& step,
                 bool curved = false, const AfterBlock& after = {});

}  // namespace laq::optim
