#include "kernels/gpu_fit.cuh"

namespace laq::kernels {

template void launch_fit<false>(const quant::ProximalFit&, const Plan&, const Settings&, bool,
                                cudaStream_t);
template void launch_fit_rest<false>(const quant::ProximalFit&, const Plan&, const Settings&, Rest,
                                     int, cudaStream_t);

std::size_t fit_shared_bytes() {
  return sizeof(Shared) * Shared::kTeams;
}

int most_fit_blocks() {
  return Shared::kMostBlocks;
}

}  // namespace laq::kernels
