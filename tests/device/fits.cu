// The fits of the built-in methods, compiled for a GPU.

#include "support/plain_sums.hpp"

namespace laq::test {

template <typename Fit>
__global__ void fit_kernel(Fit fit, PlainSums sums, PlainBook* book) {
  fit(sums, *book);
}

template __global__ void fit_kernel(quant::ProximalFit, PlainSums, PlainBook*);
template __global__ void fit_kernel(quant::TtqFit, PlainSums, PlainBook*);
template __global__ void fit_kernel(quant::DorefaFit, PlainSums, PlainBook*);
template __global__ void fit_kernel(quant::LearnedStepFit, PlainSums, PlainBook*);
template __global__ void fit_kernel(quant::LqNetsFit, PlainSums, PlainBook*);

}  // namespace laq::test
