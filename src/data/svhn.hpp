#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "data/dataset_spec.hpp"

struct _mat_t;

namespace laq::data {

/// A file of SVHN's cropped digits (MATLAB v5): `X`, height × width × channels × count bytes, and
/// `y`, count labels from 1 to `classes`, of which the last means digit 0.
class SvhnFile {
 public:
  /// Opens a file and checks its form; the pictures are not read yet. Errors: not MATLAB v5 (v7.3
  /// is told apart), no X or y, of another type or shape, another picture size than the dataset's,
  /// a label out of range.
  SvhnFile(const DatasetSpec& spec, std::filesystem::path path);

  std::int64_t count() const { return static_cast<std::int64_t>(labels_.size()); }
  /// Digits 0 … classes − 1.
  const std::vector<std::uint8_t>& labels() const { return labels_; }
  /// Writes the pictures, count × channels × height × width, to `pixels` without another copy of
  /// them in memory. Error: the data ends early or is damaged.
  void read(std::uint8_t* pixels);

 private:
  struct Close {
    void operator()(_mat_t* file) const;
  };
  void read_labels(std::int64_t classes);
  void check_pictures(const std::vector<std::int64_t>& shape);

  std::filesystem::path path_;
  std::unique_ptr<_mat_t, Close> file_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::int64_t> shape_;
};

}  // namespace laq::data
