#include "kernels/gpu_fit.cuh"

namespace laq::kernels {

template void launch_fit<true>(const quant::ProximalFit&, const Plan&, const Settings&, bool,
                               cudaStream_t);
template void launch_fit_rest<true>(const quant::ProximalFit&, const Plan&, const Settings&, Rest,
                                    int, cudaStream_t);

}  // namespace laq::kernels
