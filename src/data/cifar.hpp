#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/image_set.hpp"

namespace laq::data {

/// What is in the binary archive of CIFAR-10 or CIFAR-100.
struct CifarFormat {
  std::string folder;
  std::vector<std::string> training;  ///< files below `folder`, in the order of their rows
  std::string test;
  std::size_t label_bytes;  ///< before the pixels; the last of them is the label
};

/// The format with this many classes: 100, otherwise CIFAR-10's.
const CifarFormat& cifar_format(std::int64_t classes);

/// Appends a file's records (label bytes, then 3 × 32 × 32 pixels, planes of red, green and blue)
/// to `set`. Errors, beginning with `where`: not whole records, a label out of range.
void append_cifar(std::span<const std::uint8_t> bytes, std::size_t label_bytes,
                  std::int64_t classes, const std::string& where, ImageSet& set);

/// The training and the test pictures of CIFAR.
struct CifarSets {
  ImageSet training;
  ImageSet test;
};

/// Reads the archive as published (checked against size and SHA-256), or the folder that is in it.
/// A folder has no published hash: only its form is checked. Errors: those of the hash and of
/// `append_cifar`, a damaged archive, a file missing in it, another number of pictures than the
/// dataset's.
CifarSets read_cifar(const DatasetSpec& spec, const DataFile& file,
                     const std::filesystem::path& path);

}  // namespace laq::data
