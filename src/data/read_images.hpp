#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/image_set.hpp"
#include "data/zca.hpp"

namespace laq::data {

/// A dataset's pictures as bytes. The two lists of rows index `training`, each row is in one of
/// them, and their order is that of the parts.
struct LoadedImages {
  ImageSet training;
  ImageSet test;
  std::vector<std::int64_t> train_rows, validation_rows;
};

/// Locates, checks and reads a dataset of pictures of any kind. Each picture is once in memory.
/// Validation is the last rows of the training file (idx, cifar) or drawn by class in an order that
/// does not depend on a run's seed (svhn, image_folder; `rows_by_class`). Decoded pictures of an
/// image_folder are kept in the data directory. Errors: missing or bad files, pictures of another
/// size, counts that do not fit the dataset's splits.
LoadedImages read_images(const DatasetSpec& spec, const DataPaths& paths);

/// The whitening that `gcn_zca` is, as `ImageData` has it: fitted to the training part, or read
/// where it is kept.
Whitening whitening_of(const LoadedImages& images, const Preparation& preparation);

/// The rows of sets whose first rows are for training and whose last are for validation. Error:
/// sizes that do not fit each other or the splits.
LoadedImages in_file_order(ImageSet training, ImageSet test, const Splits& splits);

/// Reads and checks one file, or the folder that is in its place, as `read_images` does, leaving
/// caches aside. Errors begin with the path.
void check_file(const DatasetSpec& spec, const DataFile& file, const std::filesystem::path& path);

}  // namespace laq::data
