#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/image_set.hpp"

namespace laq::data {

/// Decoded pictures of both parts.
struct DecodedPictures {
  ImageSet training;
  ImageSet test;
};

/// Where the decoded pictures of this content are kept: in the dataset's folder of the data
/// directory, named by the content's SHA-256.
std::filesystem::path cache_path(const DatasetSpec& spec, const DataFile& file,
                                 const DataPaths& paths);

/// The decoded pictures, or nothing when they are not there, not whole (they have a hash of their
/// own), or of other sizes or counts than the dataset's: they are then decoded anew.
std::optional<DecodedPictures> read_cache(const DatasetSpec& spec, const DataFile& file,
                                          const std::filesystem::path& path);

/// Keeps decoded pictures, replacing the file whole. Error: cannot be written.
void write_cache(const DataFile& file, const DecodedPictures& pictures,
                 const std::filesystem::path& path);

}  // namespace laq::data
