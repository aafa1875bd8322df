#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "data/image_set.hpp"

namespace laq::data {

/// Pictures as float32, row after row, uninitialised when made.
using FloatRows = std::unique_ptr<float[]>;

/// Whether inputs with this preprocessing are held as floats; otherwise the published bytes are.
bool holds_floats(Preprocessing preprocessing);

/// Rows `rows` of `images` after contrast normalisation, global and, for `gcn_lcn`, local by `lcn`:
/// one picture after the other, in parallel, so that nothing but the result needs memory.
FloatRows normalized_rows(const ImageSet& images, std::span<const std::int64_t> rows,
                          Preprocessing preprocessing, LocalContrastRule lcn);

}  // namespace laq::data
