#include "nn/mlp.hpp"

#include <functional>
#include <numeric>

namespace laq::nn {
namespace {

std::int64_t input_size(const Shape& shape) {
  return std::accumulate(shape.input.begin(), shape.input.end(), std::int64_t{1},
                         std::multiplies<>());
}

std::vector<std::int64_t> layer_widths(const MlpSpec& spec, const Shape& shape) {
  std::vector<std::int64_t> widths = spec.hidden;
  widths.push_back(shape.outputs);
  return widths;
}

}  // namespace

MlpSpec read_mlp(config::Reader& section) {
  return {section.integers("hidden", {}, {1, 1 << 20}), read_output_norm(section)};
}

Size size(const MlpSpec& spec, const Shape& shape) {
  Size total;
  auto inputs = static_cast<double>(input_size(shape));
  for (const std::int64_t width : layer_widths(spec, shape)) {
    total.add(inputs, static_cast<double>(width), 1);
    inputs = static_cast<double>(width);
  }
  return total;
}

Mlp::Mlp(const MlpSpec& spec, const Shape& shape) {
  add_dense_layers(input_size(shape), layer_widths(spec, shape), spec.output_norm);
}

}  // namespace laq::nn
