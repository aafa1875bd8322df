#include "nn/initial.hpp"

#include <ATen/ATen.h>

#include "core/random.hpp"

namespace laq::nn {
namespace {

template <typename Draw>
void fill(const at::Tensor& tensor, std::uint64_t seed, const std::string& name, const Draw& draw) {
  RandomStream stream(seed, "initial " + name);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(draw(stream));
}

}  // namespace

void fill_uniform(const at::Tensor& tensor, double half_width, std::uint64_t seed,
                  const std::string& name) {
  fill(tensor, seed, name,
       [&](RandomStream& stream) { return half_width * (2 * stream.uniform() - 1); });
}

void fill_normal(const at::Tensor& tensor, double deviation, std::uint64_t seed,
                 const std::string& name) {
  fill(tensor, seed, name, [&](RandomStream& stream) { return deviation * stream.normal(); });
}

}  // namespace laq::nn
