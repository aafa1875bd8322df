#include "deploy/packing.hpp"

#include <algorithm>
#include <optional>

namespace laq::deploy {
namespace {

struct Scaling {
  std::vector<double> levels, scales;
  std::size_t scale_count;
};

bool gives_all(const QuantizedTensor& tensor, const Scaling& scaling) {
  const std::size_t count = tensor.level_count();
  for (std::size_t g = 0; g < tensor.groups; ++g) {
    for (std::size_t j = 0; j < count; ++j) {
      const double level = scaling.levels[j];
      const double scale =
          scaling.scales[g * scaling.scale_count + (level < 0 ? scaling.scale_count - 1 : 0)];
      const float value = static_cast<float>(scale * level);
      if (value != tensor.levels[g * count + j]) return false;
    }
  }
  return true;
}

// The largest values above and below 0 as scales, levels by the first group with both.
std::optional<Scaling> by_largest(const QuantizedTensor& tensor, std::size_t scale_count) {
  const std::size_t count = tensor.level_count();
  Scaling scaling{{}, {}, scale_count};
  for (std::size_t g = 0; g < tensor.groups; ++g) {
    const double low = tensor.levels[g * count], high = tensor.levels[g * count + count - 1];
    const double up = scale_count == 2 ? high : std::max(high, -low), down = -low;
    scaling.scales.push_back(up);
    if (scale_count == 2) scaling.scales.push_back(down);
    if (!scaling.levels.empty() || up <= 0 || (scale_count == 2 && down <= 0)) continue;
    for (std::size_t j = 0; j < count; ++j) {
      const double value = tensor.levels[g * count + j];
      scaling.levels.push_back(value < 0 && scale_count == 2 ? value / down : value / up);
    }
  }
  if (scaling.levels.empty() || !gives_all(tensor, scaling)) return std::nullopt;
  return scaling;
}

std::optional<Scaling> by_method(const QuantizedTensor& tensor) {
  if (tensor.unit_levels.size() != tensor.level_count() || tensor.scales.empty())
    return std::nullopt;
  Scaling scaling{tensor.unit_levels, tensor.scales, tensor.scales.size() / tensor.groups};
  if (!gives_all(tensor, scaling)) return std::nullopt;
  return scaling;
}

std::optional<Scaling> scaled(const QuantizedTensor& tensor) {
  if (tensor.groups == 1) return std::nullopt;
  auto scaling = by_largest(tensor, 1);
  if (!scaling) scaling = by_largest(tensor, 2);
  return scaling ? scaling : by_method(tensor);
}

}  // namespace

PackedTensor pack(const QuantizedTensor& tensor) {
  PackedTensor packed;
  packed.rows = tensor.shape.at(0);
  const std::size_t columns = tensor.codes.size() / packed.rows;
  const std::size_t count = tensor.level_count();
  packed.bits = 1;
  while ((std::size_t{1} << packed.bits) < count) ++packed.bits;
  const std::size_t row_bytes = (columns * packed.bits + 7) / 8;
  packed.codes.resize(packed.rows * row_bytes);
  for (std::size_t row = 0; row < packed.rows; ++row) {
    std::uint8_t* bytes = packed.codes.data() + row * row_bytes;
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t bit = i * packed.bits;
      const unsigned code = tensor.codes[row * columns + i] << (bit % 8);
      bytes[bit / 8] |= static_cast<std::uint8_t>(code);
      if (code >> 8) bytes[bit / 8 + 1] |= static_cast<std::uint8_t>(code >> 8);
    }
  }
  if (const auto scaling = scaled(tensor)) {
    packed.levels = scaling->levels;
    packed.scales = scaling->scales;
    packed.scale_count = scaling->scale_count;
  } else {
    packed.levels.assign(tensor.levels.begin(), tensor.levels.end());
    packed.level_lists = tensor.groups;
  }
  return packed;
}

}  // namespace laq::deploy
