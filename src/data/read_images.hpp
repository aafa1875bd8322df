#pragma once

#include <cstdint>
#include <vector>

#include "data/image_set.hpp"

namespace laq::data {

/// The files of a dataset of pictures, and which of the training file's pictures are in which part.
struct LoadedImages {
  ImageSet training, test;
  std::vector<std::int64_t> train_rows, validation_rows;
};

/// Locates, checks and reads a dataset of pictures. Errors: those of `read_checked`.
LoadedImages read_images(const DatasetSpec& spec, const DataPaths& paths);

}  // namespace laq::data
