#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/image_set.hpp"

namespace laq::data {

/// A file with a picture, not decoded.
struct PictureFile {
  std::string path;  ///< train/<class>/<file> or test/<class>/<file>
  std::vector<std::uint8_t> bytes;
};

/// The user's pictures, sorted by path. A label is the place of the class's name among the sorted
/// names of the training part.
struct PictureFiles {
  std::vector<std::string> classes;
  std::vector<PictureFile> training, test;
  std::vector<std::uint8_t> training_labels, test_labels;
};

/// Reads the pictures of a dataset of kind image_folder, from a folder or, when the file's name
/// ends in ".tar.gz", from an archive, and checks size and SHA-256 (of a folder: `folder_sha256`).
/// What is outside train/ and test/ is left aside, as are hidden files. Errors: those of the hash
/// and the archive, a picture outside a class's folder or given twice, another number of classes or
/// pictures than the dataset's, a class that only the test part has.
PictureFiles read_picture_files(const DatasetSpec& spec, const DataFile& file,
                                const std::filesystem::path& path);

/// Checks size and SHA-256 alone, as `read_picture_files` does.
void check_picture_files(const DataFile& file, const std::filesystem::path& path);

/// SHA-256 over path, size and bytes of all pictures in the order of their paths, and the sum of
/// their sizes.
struct FolderIdentity {
  std::string sha256;
  std::int64_t bytes = 0;
};
FolderIdentity folder_identity(const std::vector<PictureFile>& sorted);

/// Decodes pictures in parallel. Error: that of the first picture that cannot be decoded
/// (`decode_picture`), whatever the number of threads.
ImageSet decode_pictures(const std::vector<PictureFile>& files, std::vector<std::uint8_t> labels,
                         const std::vector<std::int64_t>& shape, const std::string& where);

}  // namespace laq::data
