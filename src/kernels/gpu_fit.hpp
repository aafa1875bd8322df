#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "kernels/queue.hpp"

namespace laq::kernels {

/// `Queue::fit` and `Queue::fit_rest` for a kind of fit; `Searches`: it asks for an optimum.
template <bool Searches, typename Fit>
void launch_fit(const Fit& fit, const Plan& plan, const Settings& settings, bool fresh,
                cudaStream_t stream);
/// Of groups whose windows were lost, or of all.
struct Rest {
  bool all, fresh, applies;
};
template <bool Searches, typename Fit>
void launch_fit_rest(const Fit& fit, const Plan& plan, const Settings& settings, Rest rest,
                     int processors, cudaStream_t stream);

/// What the blocks of `launch_fit_rest` share.
std::size_t fit_shared_bytes();
/// The most blocks that it can use.
int most_fit_blocks();

}  // namespace laq::kernels
