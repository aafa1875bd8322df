#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "data/dataset_spec.hpp"
#include "data/locate.hpp"
#include "support/gzip.hpp"

// Small datasets in the published formats, for the tests of the data layer.
namespace laq::data {

using Catch::Matchers::Contains;
using test::gzip;

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "laq-data-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp: " + errno_text());
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write(const std::filesystem::path& path, const std::string& content) {
  make_folder(path.parent_path());
  replace_file(path, content);
}

/// An IDX file: magic number, sizes, bytes.
inline std::string idx(std::uint32_t magic, std::initializer_list<std::uint32_t> sizes,
                       const std::string& bytes) {
  std::string text;
  const auto add = [&](std::uint32_t word) {
    for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(word >> shift & 0xff);
  };
  add(magic);
  for (const std::uint32_t size : sizes) add(size);
  return text + bytes;
}

/// Four IDX files of 2×3 pictures: 4 for training, 2 for validation, 3 for testing. Pixel p of
/// picture n of the training file is 10 n + p, labels count 0, 1, 2, 0, …
struct SmallDataset {
  DatasetSpec spec;
  std::vector<std::string> contents;  ///< uncompressed, in the order of spec.files

  SmallDataset() {
    spec.name = "small";
    spec.title = "Small";
    spec.classes = 3;
    spec.shape = {1, 2, 3};
    spec.splits = {.train = 4, .validation = 2, .test = 3};
    add("train_images", idx(0x803, {6, 2, 3}, pixels(6, 0)));
    add("train_labels", idx(0x801, {6}, std::string("\0\1\2\0\1\2", 6)));
    add("test_images", idx(0x803, {3, 2, 3}, pixels(3, 100)));
    add("test_labels", idx(0x801, {3}, std::string("\0\1\2", 3)));
  }

  /// Makes `content` the published content of a file, with a hash that fits.
  void publish(std::size_t file, const std::string& content) {
    contents[file] = content;
    spec.files[file].sha256 = sha256(content);
    spec.files[file].bytes = static_cast<std::int64_t>(content.size());
  }

  /// Writes all files, gzipped, into `folder`.
  void write_to(const std::filesystem::path& folder) const {
    for (std::size_t i = 0; i < contents.size(); ++i) {
      write(folder / spec.files[i].name, gzip(contents[i]));
    }
  }

 private:
  static std::string pixels(int count, int first) {
    std::string bytes;
    for (int n = 0; n < count; ++n) {
      for (int p = 0; p < 6; ++p) bytes += static_cast<char>(first + 10 * n + p);
    }
    return bytes;
  }

  void add(const std::string& role, const std::string& content) {
    spec.files.push_back({.role = role,
                          .name = role + "-ubyte.gz",
                          .sha256 = {},
                          .hash_checked = true,
                          .bytes = 0,
                          .urls = {},
                          .package_path = {}});
    contents.emplace_back();
    publish(spec.files.size() - 1, content);
  }
};

/// The message of the `Error` that `action` throws, or "no error".
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace laq::data
