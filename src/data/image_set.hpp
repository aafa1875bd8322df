#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/dataset_spec.hpp"
#include "data/locate.hpp"

namespace laq::data {

/// Pictures in memory as they were published: `pixels` is count × channels × height × width. Rows
/// of a table have `values` instead, and are pictures of one line where they have one dimension.
struct ImageSet {
  std::int64_t count = 0;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  std::vector<float> values = {};

  /// Pixels of one picture.
  std::int64_t features() const { return channels * height * width; }
};

enum class Part { train, validation, test };

/// Keeps only the first rows of a part; 0 keeps all, as does a limit beyond its end.
struct ImageLimits {
  std::int64_t train = 0;
  std::int64_t validation = 0;
};

/// What is made of the pictures, and of how many.
struct Preparation {
  Preprocessing preprocessing = Preprocessing::none;
  LocalContrastRule lcn = LocalContrastRule::all_channels;
  ImageLimits limits = {};
  /// Where a fitted whitening is kept, named by the SHA-256 of the training part and the constants,
  /// so that the next run need not fit it; empty: nowhere.
  std::filesystem::path cache = {};
};

struct LoadedImages;

/// A dataset split into its parts, in memory once: as the published bytes (none, mean_image), or as
/// the float32 rows of its parts (gcn, gcn_zca, gcn_lcn), which replace the bytes. `gather` makes
/// the network's input from them.
class ImageData {
 public:
  /// Errors: sizes that do not fit each other, a row that is not there, a training part that cannot
  /// be whitened.
  ImageData(LoadedImages images, const Preparation& preparation);

  /// The last rows of the training file are for validation. Error: also sizes that do not fit the
  /// splits.
  ImageData(ImageSet training_file, ImageSet test_file, const Splits& splits,
            Preprocessing preprocessing, const ImageLimits& limits = {});

  std::int64_t size(Part part) const;
  std::int64_t channels() const { return files_[0].channels; }
  std::int64_t height() const { return files_[0].height; }
  std::int64_t width() const { return files_[0].width; }
  std::int64_t features() const { return files_[0].features(); }

  /// What `mean_image` subtracts from pixels/255, or `standardize` from values (features values):
  /// the mean over the training part. Zeros for the other preprocessings.
  const std::vector<float>& mean() const { return mean_; }
  /// What `standardize` divides by: the deviation over the training part, 1 where that is 0. Empty
  /// for the other preprocessings.
  const std::vector<float>& deviation() const { return deviation_; }

  /// Writes rows `indices` (0 … size(part) − 1) of a part to `out` (indices.size() × features) and,
  /// unless null, their labels to `labels` (indices.size()). In parallel where it is worth it;
  /// threads may call it at the same time. Error: an index out of range.
  void gather(Part part, std::span<const std::int64_t> indices, float* out,
              std::int64_t* labels) const;

 private:
  struct PartData {
    std::size_t file;                 // of files_
    std::vector<std::int64_t> rows;   // of the file
    std::unique_ptr<float[]> values;  // null: the file's bytes are used
  };
  const PartData& part(Part part) const { return parts_[static_cast<std::size_t>(part)]; }
  void check_rows() const;
  void hold_floats(const Preparation& preparation);
  void hold_table(Preprocessing preprocessing);
  void whiten_parts(const std::string& content_hash, const std::filesystem::path& cache);

  ImageSet files_[2];
  PartData parts_[3];
  std::vector<float> mean_, deviation_;
};

/// Locates, checks and reads a dataset of pictures. Errors: those of `read_checked`, pictures of
/// different sizes.
ImageData load_images(const DatasetSpec& spec, const DataPaths& paths,
                      const ImageLimits& limits = {});

}  // namespace laq::data
