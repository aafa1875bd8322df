#pragma once

#include <cstdint>
#include <vector>

#include "deploy/trained.hpp"

namespace laq::deploy {

/// A quantized tensor as a file has it: ŵ = scale · level, multiplied in double precision and
/// rounded to float32.
struct PackedTensor {
  std::size_t rows = 0, bits = 0;
  std::vector<std::uint8_t> codes;  ///< rows × ⌈columns·bits / 8⌉, lowest bit first
  std::vector<double> levels;       ///< ascending; one list, or one for each group
  std::size_t level_lists = 1;
  std::vector<double> scales;  ///< groups × 1 or 2 (for levels above and below 0); empty: 1
  std::size_t scale_count = 0;
};

/// Of one group ŵ itself as levels. Of several the shortest of these that gives every ŵ bit by bit:
/// the levels of the group with the largest value 1 and a float32 scale; the method's levels and
/// the run's scales; a list for each group.
PackedTensor pack(const QuantizedTensor& tensor);

}  // namespace laq::deploy
