#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace laq::nn {

/// Uniform in ±half_width. The draws are a function of (seed, name) alone.
void fill_uniform(const at::Tensor& tensor, double half_width, std::uint64_t seed,
                  const std::string& name);

/// Normal with mean 0, from the same kind of stream.
void fill_normal(const at::Tensor& tensor, double deviation, std::uint64_t seed,
                 const std::string& name);

}  // namespace laq::nn
