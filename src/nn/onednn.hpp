#pragma once

#include <oneapi/dnnl/dnnl.hpp>

namespace laq::nn {

inline const dnnl::engine& onednn_cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// How oneDNN computes to = from · weights + bias for these layouts, for as many threads as OpenMP
/// has now. No bias: an empty descriptor.
inline dnnl::matmul::primitive_desc plan_product(const dnnl::memory::desc& from,
                                                 const dnnl::memory::desc& weights,
                                                 const dnnl::memory::desc& bias,
                                                 const dnnl::memory::desc& to,
                                                 const dnnl::primitive_attr& attributes = {}) {
#if DNNL_VERSION_MAJOR >= 3
  return {onednn_cpu(), from, weights, bias, to, attributes};
#else
  return {dnnl::matmul::desc(from, weights, bias, to), attributes, onednn_cpu()};
#endif
}

}  // namespace laq::nn
