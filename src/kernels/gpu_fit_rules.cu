#include "kernels/gpu_fit.cuh"

namespace laq::kernels {

template void launch_fit<false>(const quant::TtqFit&, const Plan&, const Settings&, bool,
                                cudaStream_t);
template void launch_fit_rest<false>(const quant::TtqFit&, const Plan&, const Settings&, Rest, int,
                                     cudaStream_t);
template void launch_fit<false>(const quant::DorefaFit&, const Plan&, const Settings&, bool,
                                cudaStream_t);
template void launch_fit_rest<false>(const quant::DorefaFit&, const Plan&, const Settings&, Rest,
                                     int, cudaStream_t);
template void launch_fit<false>(const quant::LearnedStepFit&, const Plan&, const Settings&, bool,
                                cudaStream_t);
template void launch_fit_rest<false>(const quant::LearnedStepFit&, const Plan&, const Settings&,
                                     Rest, int, cudaStream_t);
template void launch_fit<false>(const quant::LqNetsFit&, const Plan&, const Settings&, bool,
                                cudaStream_t);
template void launch_fit_rest<false>(const quant::LqNetsFit&, const Plan&, const Settings&, Rest,
                                     int, cudaStream_t);

}  // namespace laq::kernels
